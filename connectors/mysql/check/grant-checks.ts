import type { CheckResult } from '../../../runtime/connector/connector.ts';
import type { Connection } from '../connection.ts';
import type { MysqlSettings } from '../settings.ts';

export const MAY_LOOK = 'the account may ask for the binlog’s place';

/** What is told where a privilege is missing. */
interface Missing {
  readonly privilege: string;
  /** By default: that it is missing. */
  readonly problem?: string;
  readonly key?: string;
}

/** What the account may do, from its grants; roles and managed services are taken at their word. */
export async function grantChecks(connection: Connection, settings: MysqlSettings): Promise<readonly CheckResult[]> {
  const text = await readGrants(connection);
  const all = /GRANT ALL PRIVILEGES ON \*\.\*/.test(text);
  const has = (...names: readonly string[]): boolean => all || names.some((name) => text.includes(name));
  const { user } = settings.connection;
  const may = (name: string, granted: boolean, missing: Missing): CheckResult =>
    granted ? { name, ok: true } : { name, ok: false, ...denied(user, missing) };
  const lock = has('RELOAD') || settings.snapshot.locking === 'none';
  // MariaDB and MySQL 5.7 tell everyone.
  const asks = connection.mariadb || connection.version.startsWith('5.') || has('XA_RECOVER_ADMIN');
  return [
    may('the account may read the binlog', has('REPLICATION SLAVE', 'REPLICATION REPLICA'), {
      privilege: 'REPLICATION SLAVE',
    }),
    may(MAY_LOOK, has('REPLICATION CLIENT', 'BINLOG MONITOR', 'SUPER'), {
      privilege: connection.mariadb ? 'BINLOG MONITOR' : 'REPLICATION CLIENT',
    }),
    {
      ...may('the account may fix a snapshot’s place by a lock', lock, {
        privilege: 'RELOAD',
        problem: 'RELOAD is missing: the snapshot goes on without a lock',
        key: 'snapshot.locking.mode',
      }),
      fatal: false,
    },
    {
      ...may('the account may ask for prepared XA transactions', asks, {
        privilege: 'XA_RECOVER_ADMIN',
        problem:
          'XA_RECOVER_ADMIN is missing: a snapshot does not wait for XA transactions that are prepared, and may miss their rows',
      }),
      fatal: false,
    },
  ];
}

function denied(user: string, { privilege, problem, key = 'database.user' }: Missing): Partial<CheckResult> {
  return {
    code: 'MYSQL_PERMISSION',
    problem: problem ?? `${privilege} is missing`,
    remedy: `GRANT ${privilege} ON *.* TO '${user}'@'%';`,
    key,
  };
}

async function readGrants(connection: Connection): Promise<string> {
  const rows = await connection.query('reading the grants', 'SHOW GRANTS');
  return rows
    .map((row) => Object.values(row)[0] ?? '')
    .join('\n')
    .toUpperCase();
}
