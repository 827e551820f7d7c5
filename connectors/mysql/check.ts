import type { CheckResult, ConnectorCall } from '../../runtime/connector/connector.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import { unseenCascades } from './catalog/cascades.ts';
import { readTable, readTableNames } from './catalog/catalog.ts';
import { tableName } from './catalog/table.ts';
import { openConnection, type Connection } from './connection.ts';
import { RowFactory } from './row/table-rows.ts';
import { readSettings, type MysqlSettings } from './settings.ts';
import { VERSION } from '../../runtime/connector/version.ts';

const DOING = 'reading the server’s settings';
/** The first MySQL whose binlog a schema history was tried with. */
const OLDEST_MYSQL = /^5\.7\./;
const BY_HISTORY = 'the binlog’s tables are known by a schema history';

interface Fact {
  readonly name: string;
  readonly ok: boolean;
  readonly code: string;
  readonly problem: string;
  readonly remedy: string;
}

/** Looks at all a start needs; changes nothing. Every failure names the statement that mends it. */
export async function checkMysql({ config, env }: ConnectorCall): Promise<readonly CheckResult[]> {
  const settings = readSettings(config);
  const reached = 'the server can be reached';
  let connection: Connection;
  try {
    connection = await openConnection(settings.connection, env);
  } catch (error) {
    return [failed(reached, error)];
  }
  try {
    const results: CheckResult[] = [{ name: reached, ok: true }];
    results.push(...(await serverFacts(connection)).map(asResult));
    results.push(await serverId(connection, settings));
    results.push(...(await grants(connection, settings)));
    results.push(...(await tables(connection, settings)));
    return results;
  } catch (error) {
    return [failed('the server can be asked', error)];
  } finally {
    await connection.close();
  }
}

/**
 * Throws the first thing that keeps a stream from starting (I5: a server set up otherwise would lose changes silently).
 * Answers whether the binlog describes its tables; otherwise a schema history has to.
 */
export async function requireServer(connection: Connection): Promise<{ readonly described: boolean }> {
  const facts = await serverFacts(connection);
  const wrong = facts.find(({ ok }) => !ok);
  if (wrong === undefined) return { described: !facts.some(({ name }) => name === BY_HISTORY) };
  throw new MillraceError(wrong.code, `${wrong.name}: ${wrong.problem}`, {
    kind: 'config',
    key: 'database.hostname',
    remedy: wrong.remedy,
  });
}

async function serverFacts(connection: Connection): Promise<readonly Fact[]> {
  const names = ['log_bin', 'binlog_format', 'binlog_row_image', 'binlog_row_metadata', 'binlog_row_value_options'];
  const rows = await connection.query(
    DOING,
    `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${names.map((name) => `'${name}'`).join(', ')})`,
  );
  const value = (name: string): string | undefined =>
    rows.find((row) => row['Variable_name'] === name)?.['Value']?.toUpperCase();
  const metadata = value('binlog_row_metadata');
  const byHistory = metadata === undefined && !connection.mariadb && OLDEST_MYSQL.test(connection.version);
  const persists = !connection.mariadb && metadata !== undefined;
  const persist = persists ? 'SET PERSIST' : 'SET GLOBAL';
  const keep = persists ? '' : ' (and in the configuration file, for the next start)';
  return [
    {
      name: 'the server writes a binlog',
      ok: value('log_bin') === 'ON',
      code: 'MYSQL_NO_BINLOG',
      problem: 'log_bin is OFF',
      remedy: 'Start the server with log_bin (MariaDB: log-bin in its configuration file).',
    },
    {
      name: 'the binlog has rows',
      ok: value('binlog_format') === 'ROW',
      code: 'MYSQL_BINLOG_FORMAT',
      problem: `binlog_format is ${value('binlog_format')}`,
      remedy: `${persist} binlog_format = 'ROW';${keep} and let sessions that are connected connect again.`,
    },
    {
      name: 'the binlog has whole rows',
      ok: (value('binlog_row_image') ?? 'FULL') === 'FULL',
      code: 'MYSQL_ROW_IMAGE',
      problem: `binlog_row_image is ${value('binlog_row_image')}`,
      remedy: `${persist} binlog_row_image = 'FULL';${keep}`,
    },
    {
      name: byHistory ? BY_HISTORY : 'the binlog describes its tables',
      ok: byHistory || metadata === 'FULL',
      code: 'MYSQL_ROW_METADATA',
      problem: metadata === undefined ? 'the server has no binlog_row_metadata' : `binlog_row_metadata is ${metadata}`,
      remedy:
        metadata === undefined
          ? 'Upgrade the server: MySQL 8.0.1 and MariaDB 10.5 have it; MySQL 5.7 does without.'
          : `${persist} binlog_row_metadata = 'FULL';${keep}`,
    },
    ...(byHistory ? [await everyStatement(connection)] : []),
  ];
}

/** Filters go by a statement's session, not by the tables that it changes: a changed table would go unnoticed. */
async function everyStatement(connection: Connection): Promise<Fact> {
  const row = await connection.one(DOING, 'SHOW MASTER STATUS');
  const filters = ['Binlog_Do_DB', 'Binlog_Ignore_DB'].filter((name) => (row?.[name] ?? '') !== '');
  return {
    name: 'the binlog has the statements of all databases',
    ok: filters.length === 0,
    code: 'MYSQL_BINLOG_FILTER',
    problem: `the server has ${filters.join(' and ').toLowerCase()}: a table that is changed from another database would not be noticed`,
    remedy: 'Remove binlog_do_db and binlog_ignore_db from the server’s configuration, and restart it.',
  };
}

async function serverId(connection: Connection, settings: MysqlSettings): Promise<CheckResult> {
  const row = await connection.one(DOING, 'SELECT @@server_id AS id');
  const name = 'database.server.id is not the server’s own';
  if (Number(row?.['id']) !== settings.serverId) return { name, ok: true };
  return {
    name,
    ok: false,
    code: 'MYSQL_SERVER_ID_TAKEN',
    problem: `the server itself has the id ${settings.serverId}`,
    remedy: 'Choose a number that neither the server nor one of its replicas has.',
    key: 'database.server.id',
  };
}

/** What the account may do, from its grants; roles and managed services are taken at their word. */
async function grants(connection: Connection, settings: MysqlSettings): Promise<readonly CheckResult[]> {
  const rows = await connection.query('reading the grants', 'SHOW GRANTS');
  const text = rows
    .map((row) => Object.values(row)[0] ?? '')
    .join('\n')
    .toUpperCase();
  const all = /GRANT ALL PRIVILEGES ON \*\.\*/.test(text);
  const has = (...names: readonly string[]): boolean => all || names.some((name) => text.includes(name));
  const account = `'${settings.connection.user}'@'%'`;
  const missing = (problem: string, privilege: string, key: string) => ({
    code: 'MYSQL_PERMISSION',
    problem,
    remedy: `GRANT ${privilege} ON *.* TO ${account};`,
    key,
  });
  const replicate = has('REPLICATION SLAVE', 'REPLICATION REPLICA');
  const look = has('REPLICATION CLIENT', 'BINLOG MONITOR', 'SUPER');
  const looking = connection.mariadb ? 'BINLOG MONITOR' : 'REPLICATION CLIENT';
  const lock = has('RELOAD');
  return [
    {
      name: 'the account may read the binlog',
      ok: replicate,
      ...(replicate ? {} : missing('REPLICATION SLAVE is missing', 'REPLICATION SLAVE', 'database.user')),
    },
    {
      name: 'the account may ask for the binlog’s place',
      ok: look,
      ...(look ? {} : missing(`${looking} is missing`, looking, 'database.user')),
    },
    {
      name: 'the account may fix a snapshot’s place by a lock',
      ok: lock || settings.snapshot.locking === 'none',
      fatal: false,
      ...(lock
        ? {}
        : missing('RELOAD is missing: the snapshot goes on without a lock', 'RELOAD', 'snapshot.locking.mode')),
    },
  ];
}

async function tables(connection: Connection, settings: MysqlSettings): Promise<readonly CheckResult[]> {
  const family = connection.mariadb ? 'mariadb' : 'mysql';
  const rows = new RowFactory(settings.rows, { family, taskId: 0, runId: '', version: VERSION });
  const captured = (await readTableNames(connection)).filter(({ database, name }) => rows.captures(database, name));
  const name = 'the captured tables';
  if (captured.length === 0) {
    return [
      {
        name,
        ok: false,
        fatal: false,
        code: 'MYSQL_NO_TABLES',
        problem: 'the include and exclude lists match no table that the account sees',
        remedy: 'Correct table.include.list, or GRANT SELECT on the tables.',
        key: 'table.include.list',
      },
    ];
  }
  for (const { database, name: table } of captured) {
    try {
      const found = await readTable(connection, database, table);
      if (found !== undefined) rows.rows(found, 'binlog');
    } catch (error) {
      return [failed(name, error)];
    }
  }
  return [
    { name: `${captured.length} tables are captured`, ok: true },
    cascades(await unseenCascades(connection, (database, table) => rows.captures(database, table))),
    ...signals(settings, captured.map(tableName)),
  ];
}

function cascades(problem: string | null): CheckResult {
  const name = 'the binlog shows every change of the captured tables';
  if (problem === null) return { name, ok: true };
  return {
    name,
    ok: false,
    fatal: false,
    code: 'MYSQL_CASCADES',
    problem,
    remedy:
      'Let triggers or the application change those rows, or upgrade to MySQL 9.6, which writes them; `millrace verify` shows what was missed.',
    key: 'table.include.list',
  };
}

function signals({ signalTable }: MysqlSettings, captured: readonly string[]): readonly CheckResult[] {
  if (signalTable === undefined) return [];
  const name = 'the signal table is captured';
  if (captured.includes(signalTable)) return [{ name, ok: true }];
  return [
    {
      name,
      ok: false,
      fatal: false,
      code: 'MYSQL_SIGNALS_UNSEEN',
      problem: `signal.data.collection names ${signalTable}, which is not captured: rows inserted there do nothing`,
      remedy:
        'Create the table, and let table.include.list and database.include.list match it; or correct the name (database.table).',
      key: 'signal.data.collection',
    },
  ];
}

function asResult({ ok, name, code, problem, remedy }: Fact): CheckResult {
  return ok ? { name, ok } : { name, ok, code, problem, remedy, key: 'database.hostname' };
}

function failed(name: string, error: unknown): CheckResult {
  if (!(error instanceof MillraceError)) throw error;
  const { code, message, remedy, key } = error;
  return {
    name,
    ok: false,
    code,
    problem: message,
    ...(remedy === undefined ? {} : { remedy }),
    ...(key === undefined ? {} : { key }),
  };
}
