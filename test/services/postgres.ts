import {
  startPostgres as start,
  type PostgresOptions,
  type PostgresServer,
} from '../../runtime/app/demo/postgres-server.ts';
import { installPostgres, TESTED_VERSION } from './postgres-versions.ts';

export type { PostgresServer } from '../../runtime/app/demo/postgres-server.ts';

export interface TestPostgresOptions extends Omit<PostgresOptions, 'packageName'> {
  /** Major version, 14 to 18. 14 and 18 are installed with the project, the others when first asked for; by default {@link TESTED_VERSION}. */
  readonly version?: 14 | 15 | 16 | 17 | 18;
}

/** A Postgres of the test's own; `stop()` it in `afterAll`. */
export async function startPostgres(options: TestPostgresOptions = {}): Promise<PostgresServer> {
  const { version = TESTED_VERSION, ...rest } = options;
  if (version === 18) return start(rest);
  return start({ ...rest, packageName: await installPostgres(version) });
}

/** The options that lead a connector to a server. */
export function databaseOptions(
  server: Pick<PostgresServer, 'host' | 'port' | 'user' | 'database'>,
): Record<string, string> {
  return {
    'database.hostname': server.host,
    'database.port': String(server.port),
    'database.user': server.user,
    'database.password': '',
    'database.dbname': server.database,
  };
}
