import { afterAll, beforeAll, beforeEach } from 'vitest';
import { startMysql, type MysqlOptions, type MysqlServer, type MysqlVersion } from './mysql.ts';

interface UseOptions extends MysqlOptions {
  /** Called once, with the server that was started. */
  readonly prepare?: (server: MysqlServer) => Promise<unknown>;
}

export interface UsedMysql {
  /** Once it was started; throws where there is none. */
  readonly server: MysqlServer;
}

/** A server for the tests of a block, stopped after what the block itself clears away. Without one its tests are skipped. */
export function useMysql(version: MysqlVersion, { prepare, ...options }: UseOptions = {}): UsedMysql {
  let server: MysqlServer | undefined;
  let missing = '';

  beforeAll(async () => {
    const started = await startMysql(version, options);
    if ('missing' in started) {
      ({ missing } = started);
      return;
    }
    server = started;
    await prepare?.(started);
  });

  beforeEach(({ skip }) => {
    skip(missing !== '', missing);
  });

  afterAll(() => server?.stop());

  return {
    get server() {
      if (server === undefined) throw new Error(missing);
      return server;
    },
  };
}
