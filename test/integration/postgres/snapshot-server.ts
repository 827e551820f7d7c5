import { dropSlots } from '../../services/drop-slots.ts';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { RawConfig } from '../../../runtime/connector/options.ts';
import { startPostgres, type PostgresServer } from '../../services/postgres.ts';
import { SnapshotRun } from './snapshot-run.ts';

interface SnapshotServer {
  readonly server: () => PostgresServer;
  readonly sql: PostgresServer['sql'];
  /** A run of a connector, stopped after the test. */
  readonly newRun: (config?: RawConfig) => SnapshotRun;
}

/** A server for the tests of a file. After each of them its runs are stopped, and what it and they made is removed. */
export function snapshotServer(usual: RawConfig = {}): SnapshotServer {
  let server: PostgresServer;
  const runs: SnapshotRun[] = [];
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    for (const run of runs.splice(0)) await run.stop().catch(() => undefined);
    await empty(server);
  });
  return {
    server: () => server,
    sql: (...call) => server.sql(...call),
    newRun: (config = {}) => {
      const run = new SnapshotRun({ server, config: { ...usual, ...config } });
      runs.push(run);
      return run;
    },
  };
}

async function empty(server: PostgresServer): Promise<void> {
  await server.sql(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL`,
  );
  await dropSlots(server);
  await server.sql('DROP SCHEMA public CASCADE');
  await server.sql('CREATE SCHEMA public');
  await server.sql('DROP PUBLICATION IF EXISTS snap');
}
