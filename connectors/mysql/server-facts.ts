import { MillraceError } from '../../runtime/record/error.ts';
import type { Connection } from './connection.ts';

const DOING = 'reading the server’s settings';
/** The first MySQL whose binlog a schema history was tried with. */
const OLDEST_MYSQL = /^5\.7\./;
const BY_HISTORY = 'the binlog’s tables are known by a schema history';

/** What a server has to be like for its changes to be read. */
export interface Fact {
  readonly name: string;
  readonly ok: boolean;
  readonly code: string;
  readonly problem: string;
  readonly remedy: string;
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
    remedy: wrong.remedy,
  });
}

/** `mayLook`: whether the account may ask for the binlog's place; without that the filters of MySQL 5.7 cannot be looked at. */
export async function serverFacts(connection: Connection, mayLook = true): Promise<readonly Fact[]> {
  const names = ['log_bin', 'binlog_format', 'binlog_row_image', 'binlog_row_metadata'];
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
    ...(byHistory && mayLook ? [await everyStatement(connection)] : []),
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
