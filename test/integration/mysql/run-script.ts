import type { MysqlServer } from '../../services/mysql.ts';
import { statementsOf } from '../postgres/sql-script.ts';

/** Runs a script's statements on one connection. */
export async function runScript(server: MysqlServer, script: string): Promise<void> {
  const connection = await server.connect();
  try {
    for (const statement of statementsOf(script)) await connection.query('the script', statement);
  } finally {
    await connection.close();
  }
}
