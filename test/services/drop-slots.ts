import { until } from '../until.ts';
import type { PostgresServer } from './postgres.ts';

/** Drops all replication slots: whoever reads one is ended, and the server has to notice it first. */
export async function dropSlots(server: Pick<PostgresServer, 'sql'>): Promise<void> {
  await until(async () => {
    const read = 'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active';
    return (await server.sql(read)).length === 0;
  });
  await server.sql('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots');
}
