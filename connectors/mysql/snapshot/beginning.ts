import { streamOffset } from '../../../runtime/change/stream-offset.ts';
import { BlockPool } from '../../../runtime/change/block-pool.ts';
import type { SourceBatch } from '../../../runtime/connector/source.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';
import { readOffset, type StoredOffset } from '../offset.ts';
import type { OpenedServer } from '../opened-server.ts';
import { SchemaChanges } from '../schema/schema-changes.ts';
import type { MysqlSettings } from '../settings.ts';
import { checkPlace } from '../stream/place-check.ts';
import { currentPlace } from './consistent-point.ts';
import { decideStart } from './decide.ts';
import { readPlaces, type ReadPlace } from './read-places.ts';
import { besideProgress, planResumption, usableSnapshot, type Resumption } from './resume.ts';
import { openSnapshot, type OpenSnapshot } from './state.ts';
import { addDefinitions, SnapshotReader } from './snapshot-reader.ts';

/** Where a stream begins. */
export interface StreamBeginning {
  readonly from: StoredOffset;
  /** Tables that it begins before. */
  readonly later: readonly ReadPlace[];
  /** What its offset has to keep of tables that are read beside it; undefined: as it is stored. */
  readonly notes?: JsonObject | undefined;
}

/** What a task does first. */
export type Beginning =
  | { readonly kind: 'end' }
  /** `handover` goes out before all else. */
  | ({ readonly kind: 'stream'; readonly handover?: SourceBatch } & StreamBeginning)
  /** The reader is not open yet. */
  | { readonly kind: 'snapshot'; readonly reader: SnapshotReader; readonly notes: JsonObject | undefined };

/** Decides between the snapshot, the stored place, and the server's present place. */
export async function beginTask(opened: OpenedServer, settings: MysqlSettings): Promise<Beginning> {
  const { start, side, server, history } = opened;
  const { snapshot, prefix, sources } = settings;
  const offset = streamOffset(prefix, start.offsets);
  const stored = offset === undefined ? undefined : readOffset(offset);
  const fits = async (): Promise<void> => {
    if (stored === undefined) return;
    const places = [{ ...stored.place, server: stored.server }, ...readPlaces(offset)];
    for (const place of places) await side.use((reader) => checkPlace(reader, place, place.server, sources));
  };
  const decision = await decideStart(snapshot.mode, stored !== undefined, fits);
  if (decision === 'end') return { kind: 'end' };
  if (decision === 'snapshot') return beginSnapshot(opened, settings);
  const now = decision === 'now' || stored === undefined;
  const from = now ? { place: await side.use(currentPlace), server } : stored;
  if (snapshot.mode === 'recovery') await history?.recover(from.place);
  else await history?.resume(from, offset);
  return { kind: 'stream', from, later: now ? [] : readPlaces(offset) };
}

async function beginSnapshot(opened: OpenedServer, settings: MysqlSettings): Promise<Beginning> {
  const { start, side, partition, server, rows, family, connect, history } = opened;
  const { snapshot, prefix, schemaChanges, sources } = settings;
  const open = await usableSnapshot(openSnapshot(prefix, start.offsets), snapshot.mode, start.context.log, (stored) =>
    side.use((connection) => checkPlace(connection, stored.place, stored.server, sources)),
  );
  if (open !== undefined) await history?.resume(open, undefined);
  const resumption =
    open === undefined ? undefined : await side.use((connection) => planResumption(connection, rows, snapshot, open));
  const notes = resumption?.notes;
  if (open !== undefined && resumption?.others === false) return beginBeside(opened, settings, open, resumption);
  const reader = new SnapshotReader(snapshot, {
    env: start.env,
    context: start.context,
    rows,
    partition,
    prefix,
    server,
    open: connect,
    ...(open === undefined ? {} : { resume: open }),
    ...(resumption === undefined ? {} : { beside: resumption }),
    ...(schemaChanges ? { schema: new SchemaChanges(rows, family, side) } : {}),
    ...(history === undefined ? {} : { history }),
  });
  return { kind: 'snapshot', reader, notes };
}

/** All that is open of the snapshot is read beside the stream, which begins at once. */
async function beginBeside(
  { start, partition, server, side, rows, family }: OpenedServer,
  { prefix, schemaChanges }: MysqlSettings,
  open: OpenSnapshot,
  { notes, tables, captured }: Resumption,
): Promise<Beginning> {
  start.context.log.info('the interrupted snapshot goes on beside the stream', { tables: [...tables] });
  const block = new BlockPool(0).take();
  if (schemaChanges && captured.length > 0) {
    // Whether the first attempt came to send them is not known.
    const schema = new SchemaChanges(rows, family, side);
    const to = { block, place: open.place, env: start.env };
    await side.use((connection) => addDefinitions(schema, connection, captured, to));
  }
  const seconds = Math.floor(start.env.clock.nowMs() / 1000);
  const progress = besideProgress(open, { notes, tables }, { partition, prefix, server, seconds });
  const handover = { records: block.count === 0 ? [] : block, progress };
  return { kind: 'stream', from: open, later: open.later, notes, handover };
}
