import type { SourceTaskStart } from '../../runtime/connector/source.ts';
import { VERSION } from '../../runtime/connector/version.ts';
import type { JsonObject } from '../../runtime/record/record.ts';
import { warnOfUnseen } from './catalog/unseen-tables.ts';
import { openConnection, type Connection } from './connection.ts';
import type { Family } from './row/source-block.ts';
import { RowFactory } from './row/table-rows.ts';
import { openHistory } from './schema/history/open-history.ts';
import type { SchemaHistory } from './schema/history/schema-history.ts';
import { requireServer } from './server-facts.ts';
import type { MysqlSettings } from './settings.ts';
import { readServerUuid } from './stream/place-check.ts';
import type { SideConnection } from './stream/side-connection.ts';

/** What a task knows of its server after the first connection. */
export interface OpenedServer {
  readonly start: SourceTaskStart;
  readonly side: SideConnection;
  readonly rows: RowFactory;
  readonly family: Family;
  /** `@@server_uuid`; '' on MariaDB. */
  readonly server: string;
  /** Of the stream's offsets. */
  readonly partition: JsonObject;
  /** Absent: the binlog describes its tables. */
  readonly history: SchemaHistory | undefined;
  connect(): Promise<Connection>;
}

/** Connects; throws where the server is not set up for its changes to be read. Whoever calls closes `side`, also then. */
export async function openServer(
  start: SourceTaskStart,
  settings: MysqlSettings,
  side: SideConnection,
): Promise<OpenedServer> {
  const { env, context } = start;
  const { family, server, described } = await side.use(async (connection) => {
    const { described } = await requireServer(connection);
    const family: Family = connection.mariadb ? 'mariadb' : 'mysql';
    return { family, server: await readServerUuid(connection), described };
  });
  const rows = new RowFactory(settings.rows, {
    family,
    taskId: context.task,
    runId: env.random.uuid(),
    version: VERSION,
  });
  await side.use((connection) => warnOfUnseen(connection, rows, context));
  const history = described ? undefined : await openHistory(start, settings, server, rows);
  const connect = (): Promise<Connection> => openConnection(settings.connection, env);
  return { start, side, rows, family, server, partition: { server: settings.prefix }, history, connect };
}
