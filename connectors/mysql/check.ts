import { signalCheck } from '../../runtime/change/signal-check.ts';
import { signalsUnseen } from '../../runtime/change/signal.ts';
import type { CheckResult, ConnectorCall } from '../../runtime/connector/connector.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import { unseenCascades } from './catalog/cascades.ts';
import { onlyCaptured, readTable, readTableNames } from './catalog/catalog.ts';
import { tableName } from './catalog/table.ts';
import { accountOf, unseenTables } from './catalog/unseen-tables.ts';
import { openConnection, type Connection } from './connection.ts';
import { RowFactory } from './row/table-rows.ts';
import { serverFacts, type Fact } from './server-facts.ts';
import { readSettings, type MysqlSettings } from './settings.ts';
import { listKey, noTables } from './snapshot/await-tables.ts';
import { VERSION } from '../../runtime/connector/version.ts';

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

async function serverId(connection: Connection, settings: MysqlSettings): Promise<CheckResult> {
  const row = await connection.one('reading the server’s id', 'SELECT @@server_id AS id');
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
  // MariaDB and MySQL 5.7 tell everyone.
  const ask = connection.mariadb || connection.version.startsWith('5.') || has('XA_RECOVER_ADMIN');
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
    {
      name: 'the account may ask for prepared XA transactions',
      ok: ask,
      fatal: false,
      ...(ask
        ? {}
        : missing(
            'XA_RECOVER_ADMIN is missing: a snapshot does not wait for XA transactions that are prepared, and may miss their rows',
            'XA_RECOVER_ADMIN',
            'database.user',
          )),
    },
  ];
}

async function tables(connection: Connection, settings: MysqlSettings): Promise<readonly CheckResult[]> {
  const family = connection.mariadb ? 'mariadb' : 'mysql';
  const rows = new RowFactory(settings.rows, { family, taskId: 0, runId: '', version: VERSION });
  const names = await readTableNames(connection);
  const captured = onlyCaptured(names, rows.captures);
  const unseen = await unseenTables(connection, rows, names);
  const name = 'the captured tables';
  if (captured.length === 0) {
    const key = listKey(settings.rows) ?? 'database.user';
    return [
      {
        name,
        ok: false,
        fatal: false,
        code: 'MYSQL_NO_TABLES',
        problem: noTables(rows),
        remedy: `Correct ${key}, or GRANT SELECT ON the tables TO ${await accountOf(connection)};`,
        key,
      },
      ...hidden(unseen),
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
    { name: captured.length === 1 ? '1 table is captured' : `${captured.length} tables are captured`, ok: true },
    cascades(await unseenCascades(connection, rows.captures)),
    ...hidden(unseen),
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

function hidden(problem: string | null): readonly CheckResult[] {
  if (problem === null) return [];
  return [
    {
      name: 'the named tables are there',
      ok: false,
      fatal: false,
      code: 'MYSQL_TABLES_UNSEEN',
      problem,
      remedy: 'Run the GRANT, create the table, or correct the name (database.table).',
      key: 'table.include.list',
    },
  ];
}

function signals({ signalTable }: MysqlSettings, captured: readonly string[]): readonly CheckResult[] {
  if (signalTable === undefined) return [];
  const unseen = captured.includes(signalTable) ? null : signalsUnseen(signalTable);
  return [signalCheck(unseen, 'MYSQL_SIGNALS_UNSEEN', 'database')];
}

function asResult({ ok, name, code, problem, remedy }: Fact): CheckResult {
  return ok ? { name, ok } : { name, ok, code, problem, remedy };
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
