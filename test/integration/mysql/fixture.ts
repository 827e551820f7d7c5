import type { MysqlServer } from '../../services/mysql.ts';
import { debeziumRecords } from '../change/debezium-records.ts';
import { statementsOf } from '../postgres/sql-script.ts';

export const { fixture, recordedEvents, byTopic } = debeziumRecords({
  folder: 'debezium-mariadb',
  volatile: ['version', 'd_ts', 'pos', 'file', 'gtid'],
  transactionId: () => 'GTID',
});

/** Runs a script's statements on one connection. */
export async function runScript(server: MysqlServer, script: string): Promise<void> {
  const connection = await server.connect();
  try {
    for (const statement of statementsOf(script)) await connection.query('the script', statement);
  } finally {
    await connection.close();
  }
}
