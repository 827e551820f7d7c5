import type { TaskContext } from '../../../runtime/connector/context.ts';
import type { Env } from '../../../runtime/env/env.ts';
import { readCapturedNames } from '../catalog/catalog.ts';
import { accountOf } from '../catalog/unseen-tables.ts';
import type { Connection } from '../connection.ts';
import type { RowFactory } from '../row/table-rows.ts';

const LOOK_MS = 2000;
const WARNING = 'MYSQL_NO_TABLES';

interface Edges {
  readonly env: Env;
  readonly context: TaskContext;
  readonly rows: RowFactory;
  open(): Promise<Connection>;
}

/**
 * Resolves once there is a table to read. A snapshot of nothing would count as done, and the rows of a table that is
 * granted later would be left out without a word (I5). A captured database that the account may read and that is
 * empty hides nothing: that is waited for only where `table.include.list` names what is to be there.
 */
export async function awaitTables({ env, context, rows, open }: Edges, signal: AbortSignal): Promise<void> {
  for (let told = false; ; told = true) {
    // A grant on all databases counts for new connections only.
    const connection = await open();
    let problem: string | null;
    try {
      problem = await nothingSeen(connection, rows);
    } finally {
      await connection.close();
    }
    context.warning(WARNING, problem);
    if (problem === null) return;
    if (!told) context.log.warn(problem);
    context.stage('waiting for a table that may be read');
    context.idle(problem);
    await env.timers.sleep(LOOK_MS, signal);
  }
}

async function nothingSeen(connection: Connection, rows: RowFactory): Promise<string | null> {
  const captured = await readCapturedNames(connection, rows.captures);
  if (captured.length > 0) return null;
  if (rows.options.tableInclude.length === 0 && (await mayRead(connection, rows))) return null;
  const account = await accountOf(connection);
  return `${noTables(rows)}, so the snapshot waits for one: correct the list, create the table, or GRANT SELECT ON the tables TO ${account};`;
}

/** Names the list that the user wrote. */
export function noTables({ options }: RowFactory): string {
  const key = listKey(options);
  return key === undefined
    ? 'there is no table that the account may read'
    : `${key} matches no table that the account may read`;
}

/** The list that decides; undefined: there is none. */
export function listKey(options: RowFactory['options']): string | undefined {
  if (options.tableInclude.length > 0) return 'table.include.list';
  if (options.databaseInclude.length > 0) return 'database.include.list';
  if (options.tableExclude.length > 0) return 'table.exclude.list';
  return options.databaseExclude.length > 0 ? 'database.exclude.list' : undefined;
}

/** Whether a captured database is there whose tables the account would see. Roles do not count: then it is waited. */
async function mayRead(connection: Connection, rows: RowFactory): Promise<boolean> {
  const doing = 'asking what may be read';
  const mine = `PRIVILEGE_TYPE = 'SELECT' AND GRANTEE = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')`;
  const all = await connection.query(doing, `SELECT 1 AS n FROM information_schema.USER_PRIVILEGES WHERE ${mine}`);
  const some = await connection.query(
    doing,
    `SELECT TABLE_SCHEMA AS d FROM information_schema.SCHEMA_PRIVILEGES WHERE ${mine}`,
  );
  const there = await connection.query(doing, 'SELECT SCHEMA_NAME AS d FROM information_schema.SCHEMATA');
  const readable = new Set(some.map((row) => (row['d'] ?? '').replaceAll('\\', '')));
  const named = rows.options.databaseInclude.length > 0;
  if (all.length > 0 && !named) return true;
  return there.some(({ d }) => rows.capturesDatabase(d ?? '') && (all.length > 0 || readable.has(d ?? '')));
}
