import { streamOffset } from '../../runtime/change/stream-offset.ts';
import type { TaskContext } from '../../runtime/connector/context.ts';
import type { SourceOffset, SourceTaskStart } from '../../runtime/connector/source.ts';
import { VERSION } from '../../runtime/connector/version.ts';
import { Catalog } from './catalog/catalog.ts';
import { tableName, type Table } from './catalog/table.ts';
import type { Connection, OpenOptions } from './connection.ts';
import { readOffset, type StreamIdentity } from './offset.ts';
import { RowFactory } from './row/table-rows.ts';
import type { PostgresSettings } from './settings.ts';
import { readMemberships, type PublishedTable } from './slot/membership.ts';
import {
  ensurePublication,
  narrowedText,
  operationsText,
  readPublication,
  replicaIdentityStatements,
} from './slot/publication.ts';
import { unpublishedText } from './slot/publication-watch.ts';
import { checkSystem } from './slot/resume-check.ts';
import { readState } from './snapshot/state.ts';
import { unseenSignals } from './snapshot/window/signal-table.ts';
import { identify } from './stream/prepare.ts';
import type { SideConnection } from './stream/side-connection.ts';

/** What a task knows of its server after the first connection. */
export interface OpenedServer {
  readonly start: SourceTaskStart;
  readonly side: SideConnection;
  readonly rows: RowFactory;
  readonly identity: StreamIdentity;
  /** The publication's tables as they are now. */
  readonly published: readonly PublishedTable[];
}

type Connect = (options?: OpenOptions) => Promise<Connection>;

/**
 * Connects, and prepares replica identities and publication; throws where it is not the server of the stored offsets.
 * Whoever calls closes `side`, also then.
 */
export async function openServer(
  start: SourceTaskStart,
  settings: PostgresSettings,
  side: SideConnection,
  connect: Connect,
): Promise<OpenedServer> {
  const { env, context } = start;
  const rows = new RowFactory(settings.rows, {
    database: settings.connection.database,
    taskId: context.task,
    runId: env.random.uuid(),
    version: VERSION,
  });
  const identity = await identifyServer(settings.replication.slot, connect);
  checkStored(settings, start.offsets, identity);
  const published = await prepareTables(settings, side, rows, context);
  return { start, side, rows, identity, published };
}

async function identifyServer(slot: string, connect: Connect): Promise<StreamIdentity> {
  const connection = await connect({ replication: true });
  try {
    const { systemId, timeline } = await identify(connection);
    return { systemId, timeline, slot };
  } finally {
    await connection.close();
  }
}

/** Nothing is made, nor changed, on a server that is not the one the stored offsets speak of. */
function checkStored(
  { prefix, replication }: PostgresSettings,
  offsets: readonly SourceOffset[],
  { systemId }: StreamIdentity,
): void {
  const { plan } = readState(prefix, offsets);
  if (plan?.slot === replication.slot) checkSystem('the stored snapshot', plan.systemId, systemId);
  const stored = streamOffset(prefix, offsets);
  const identity = stored === undefined ? undefined : readOffset(stored).identity;
  if (identity !== undefined) checkSystem('the stored offset', identity.systemId, systemId);
}

/** Replica identities and the publication, before the slot: it has to see both from its first change. */
async function prepareTables(
  { publication, snapshot }: PostgresSettings,
  side: SideConnection,
  rows: RowFactory,
  context: TaskContext,
): Promise<readonly PublishedTable[]> {
  const captured = (await Catalog.captured(side, rows.captures)).tables();
  warnOfCaptured(snapshot.signalTable, captured, rows, context);
  for (const statement of replicaIdentityStatements(publication.replicaIdentities, captured)) {
    await side.query('setting a replica identity', statement);
    context.log.info('set a replica identity', { statement });
  }
  const statement = await ensurePublication(side, publication, captured);
  if (statement !== undefined) context.log.info('prepared the publication', { statement });
  const state = await readPublication(side, publication.name);
  const all = await readMemberships(side, publication.name);
  const published = all.filter(({ schema, name }) => rows.captures(schema, name));
  context.warning('POSTGRES_TABLES_UNPUBLISHED', unpublishedText(publication.name, published));
  context.warning('POSTGRES_OPERATIONS_UNPUBLISHED', state === undefined ? null : operationsText(publication, state));
  context.warning('POSTGRES_PUBLICATION_NARROWED', narrowedText(publication.name, published));
  return all;
}

function warnOfCaptured(
  signalTable: string | undefined,
  captured: readonly Table[],
  rows: RowFactory,
  context: TaskContext,
): void {
  context.warning(
    'POSTGRES_NO_TABLES',
    captured.length > 0 ? null : 'the include and exclude lists match no table of this database',
  );
  const unseen = unseenSignals(signalTable, captured);
  context.warning('POSTGRES_SIGNALS_UNSEEN', unseen);
  if (unseen !== null) context.log.warn(unseen);
  const leftOut = captured.flatMap((table) => rows.leftOut(table).map((column) => `${tableName(table)}.${column}`));
  context.warning(
    'POSTGRES_COLUMNS_LEFT_OUT',
    leftOut.length === 0
      ? null
      : `records leave out columns whose types have no mapping: ${leftOut.slice(0, 20).join(', ')}${leftOut.length > 20 ? ', …' : ''}. include.unknown.datatypes=true shows their text`,
  );
}
