import type { JsonObject } from '../../../runtime/record/record.ts';
import { tableName, type Table } from '../catalog/table.ts';
import type { Connection } from '../connection.ts';
import type { RowFactory } from '../row/table-rows.ts';
import type { SnapshotSettings } from './snapshot-settings.ts';
import type { OpenSnapshot } from './snapshot-state.ts';
import { hasPrimaryKey, readWork } from './snapshot-tables.ts';
import { keyColumns } from './window/key-sql.ts';
import { annotationOf, type Request } from './window/requests.ts';

/** How an interrupted snapshot goes on. */
export interface Resumption {
  /** All that are captured. */
  readonly captured: readonly Table[];
  /** Tables whose open ranges are read beside the stream. */
  readonly tables: ReadonlySet<string>;
  /** What the stream's offset has to keep of that; undefined: nothing. */
  readonly notes: JsonObject | undefined;
  /** Other tables are read first, at a place of now. */
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
  reader: Connection,
  rows: RowFactory,
  settings: SnapshotSettings,
  open: OpenSnapshot,
): Promise<Resumption> {
  const { tables, works } = await readWork(reader, rows, settings, open);
  const beside = settings.mode !== 'initial_only' && !rows.options.skipped.has('r') && (await tellsPlaces(reader));
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
    others: chosen.length < works.length,
  };
}

async function tellsPlaces(reader: Connection): Promise<boolean> {
  if (reader.mariadb) return true;
  return (await reader.one('asking for GTIDs', 'SELECT @@gtid_mode AS m'))?.['m'] === 'ON';
}
