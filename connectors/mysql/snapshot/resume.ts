import type { Log } from '../../../runtime/connector/context.ts';
import type { Progress } from '../../../runtime/connector/source.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';
import { tableName, type Table } from '../catalog/table.ts';
import type { Connection } from '../connection.ts';
import { StreamPosition } from '../offset.ts';
import type { RowFactory } from '../row/table-rows.ts';
import { annotationOf as laterNotes } from './read-places.ts';
import type { SnapshotMode, SnapshotSettings } from './snapshot-settings.ts';
import { snapshotPartition, SnapshotState, type OpenSnapshot } from './state.ts';
import { hasPrimaryKey, readWork } from './snapshot-tables.ts';
import { keyColumns } from './window/key-sql.ts';
import { annotationOf, type Request } from './window/requests.ts';

type Reader = Pick<Connection, 'query' | 'one' | 'mariadb'>;

/** How an interrupted snapshot goes on. */
export interface Resumption {
  /** All that are captured. */
  readonly captured: readonly Table[];
  /** Tables whose open ranges are read beside the stream. */
  readonly tables: ReadonlySet<string>;
  /** What the stream's offset has to keep of that; undefined: nothing. */
  readonly notes: JsonObject | undefined;
  /** Other tables are read first, at a place of now; also where none is left and no stream follows. */
  readonly others: boolean;
}

/**
 * The view of an interrupted snapshot is lost with its connections. Its place is not: the stream goes on from there at
 * once, and what is open of tables with a key is read beside it, chunk by chunk, each at a place that is known, without
 * the rows that the stream has shown meanwhile. So no key goes back to an older state (I4), and what was read is not
 * read again. Tables that cannot be read so (no key, a SELECT of their own, a server that cannot tell a chunk's place
 * without a lock, a snapshot that no stream follows) are read before the stream, at a place of now.
 */
export async function planResumption(
  reader: Reader,
  rows: RowFactory,
  settings: SnapshotSettings,
  open: OpenSnapshot,
): Promise<Resumption> {
  const { tables, works } = await readWork(reader, rows, settings, open);
  const alone = settings.mode === 'initial_only';
  const beside = !alone && !rows.options.skipped.has('r') && (await tellsPlaces(reader));
  const chosen = works.filter(
    ({ table }) => beside && hasPrimaryKey(table) && !settings.overrides.has(tableName(table)),
  );
  const requests = chosen.flatMap(({ table, open: ranges }) =>
    ranges.map(({ after, to }): Request => ({
      table: tableName(table),
      signal: 'the snapshot',
      initial: true,
      key: keyColumns(table).map(({ name }) => name),
      ...(after === null ? {} : { after }),
      ...(to === null ? {} : { to }),
      rows: 0,
      chunks: 0,
    })),
  );
  return {
    captured: tables,
    tables: new Set(chosen.map(({ table }) => tableName(table))),
    notes: annotationOf(requests),
    others: alone || chosen.length < works.length,
  };
}

/**
 * The snapshot to go on with; undefined: a new one. Its place has to be there still: what became of rows that went out
 * is known from there.
 */
export async function usableSnapshot(
  open: OpenSnapshot | undefined,
  mode: SnapshotMode,
  log: Log,
  check: (open: OpenSnapshot) => Promise<unknown>,
): Promise<OpenSnapshot | undefined> {
  if (open === undefined) return undefined;
  try {
    await check(open);
    return open;
  } catch (error) {
    const anew = mode === 'when_needed' || mode === 'always';
    if (!anew || !(error instanceof MillraceError) || error.kind !== 'position') throw error;
    log.warn('the interrupted snapshot is begun anew', { reason: error.message });
    return undefined;
  }
}

/** What is stored where all that is open is read beside the stream, which begins at the snapshot's place. */
export function besideProgress(
  open: OpenSnapshot,
  { notes, tables }: Pick<Resumption, 'notes' | 'tables'>,
  at: { partition: JsonObject; prefix: string; server: string; seconds: number },
): Progress[] {
  const server = open.server ?? at.server;
  const last = { seconds: at.seconds, serverId: 0 };
  const stream = new StreamPosition(open.place, server, last, { ...notes, ...laterNotes(open.later) });
  const state = new SnapshotState(open.place, server, [...open.done, ...tables], true, open.id);
  return [
    { partition: at.partition, position: stream },
    { partition: snapshotPartition(at.prefix), position: state },
  ];
}

async function tellsPlaces(reader: Reader): Promise<boolean> {
  if (reader.mariadb) return true;
  return (await reader.one('asking for GTIDs', 'SELECT @@gtid_mode AS m'))?.['m'] === 'ON';
}
