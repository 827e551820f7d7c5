import { streamOffset } from '../../../runtime/change/stream-offset.ts';
import type { ConnectorCall } from '../../../runtime/connector/connector.ts';
import type { SourceOffset } from '../../../runtime/connector/source.ts';
import type { SourceTruth } from '../../../runtime/connector/truth.ts';
import { VERSION } from '../../../runtime/connector/version.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { StructValue, Value } from '../../../runtime/record/value.ts';
import { GtidSet } from '../binlog/gtid-set.ts';
import { MariadbGtids } from '../binlog/mariadb-gtid.ts';
import { comparePlaces } from '../binlog/compare-places.ts';
import { onlyCaptured, readTable, readTableNames } from '../catalog/catalog.ts';
import { unseenTables } from '../catalog/unseen-tables.ts';
import { openConnection } from '../connection.ts';
import { readOffset, type StreamPlace } from '../offset.ts';
import type { Family } from '../row/source-block.ts';
import { RowFactory } from '../row/table-rows.ts';
import { readSettings } from '../settings.ts';
import { openConsistentPoint } from '../snapshot/consistent-point.ts';
import { snapshotOpen } from '../snapshot/window/requests.ts';
import { truthTable } from './truth-table.ts';

/**
 * All captured tables at one place of the binlog: a snapshot as the connector itself takes it, on one reader,
 * which stays open until `close`.
 */
export async function mysqlTruth(call: ConnectorCall): Promise<SourceTruth> {
  const settings = readSettings(call.config);
  const { log, env, signal } = call;
  const one = { ...settings.snapshot, readers: 1, locking: 'minimal' as const };
  const point = await openConsistentPoint(one, {
    context: { log, warning: () => undefined },
    env,
    signal,
    streamBefore: false,
    open: () => openConnection(settings.connection, env),
  });
  const [reader] = point.readers;
  if (reader === undefined) throw new MillraceError('MYSQL_VERIFY', 'no connection to read with', { kind: 'bug' });
  const { place } = point;
  const family: Family = reader.mariadb ? 'mariadb' : 'mysql';
  try {
    const rows = new RowFactory(settings.rows, { family, taskId: 0, runId: '', version: VERSION });
    const tables = [];
    const names = await readTableNames(reader);
    const unseen = await unseenTables(reader, rows, names);
    for (const { database, name } of onlyCaptured(names, rows.captures)) {
      signal.throwIfAborted();
      const table = await readTable(reader, database, name);
      if (table === undefined) continue;
      const topic = rows.topics.table(database, name);
      tables.push(truthTable(rows.rows(table, 'text'), topic, settings.rows.types, reader));
    }
    return {
      position: place.gtids === '' ? `${place.file}:${place.position}` : place.gtids,
      tables,
      ...(unseen === null ? {} : { unseen }),
      covered: (offsets) => isPast(offsets, settings.prefix, place, family),
      includes: (source) => isIncluded(source, place, family),
      includedBy: ['snapshot', 'gtid', 'file', 'pos'],
      event: (source) => (source['snapshot'] === 'false' ? placeText(source) : null),
      precedes,
      placedBy: ['snapshot', 'file', 'pos', 'row'],
      close: () => reader.close(),
    };
  } catch (error) {
    await reader.close();
    throw error;
  }
}

/**
 * Rows that the first snapshot read always count: what happened to them since is in the stream. Rows that were read
 * beside the stream are as they were at their place.
 */
function isIncluded(source: StructValue, place: StreamPlace, family: Family): boolean {
  const { snapshot, gtid, file, pos } = source;
  if (snapshot === 'incremental') {
    return comparePlaces(text(file), Number(pos), place.file, place.position) <= 0;
  }
  if (snapshot !== 'false') return true;
  if (place.gtids !== '' && typeof gtid === 'string') return holds(place.gtids, gtid, family);
  return comparePlaces(text(file), Number(pos), place.file, place.position) < 0;
}

function holds(gtids: string, gtid: string, family: Family): boolean {
  if (family === 'mysql') {
    const colon = gtid.lastIndexOf(':');
    return GtidSet.parse(gtids).has(gtid.slice(0, colon), BigInt(gtid.slice(colon + 1)));
  }
  const one = MariadbGtids.parse(gtid);
  const position = MariadbGtids.parse(gtids);
  return one.domains().every((domain) => (one.sequence(domain) ?? 0n) <= (position.sequence(domain) ?? -1n));
}

function isPast(offsets: readonly SourceOffset[], prefix: string, place: StreamPlace, family: Family): boolean {
  const offset = streamOffset(prefix, offsets);
  if (offset === undefined) return false;
  if (snapshotOpen(offset)) {
    throw new MillraceError('MYSQL_VERIFY_SNAPSHOT', 'the first snapshot was interrupted, and is being read on', {
      kind: 'position',
      remedy: 'Verify again when it is done: the connector’s stage and snapshot_chunks_done tell.',
    });
  }
  const stored = readOffset(offset).place;
  if (place.gtids === '') return comparePlaces(stored.file, stored.position, place.file, place.position) >= 0;
  if (family === 'mysql') return GtidSet.parse(place.gtids).minus(GtidSet.parse(stored.gtids)).empty;
  const wanted = MariadbGtids.parse(place.gtids);
  const has = MariadbGtids.parse(stored.gtids);
  return wanted.domains().every((domain) => (has.sequence(domain) ?? -1n) >= (wanted.sequence(domain) ?? 0n));
}

function precedes(one: StructValue, other: StructValue): boolean {
  if (one['snapshot'] !== 'false' || other['snapshot'] !== 'false') return false;
  const places = comparePlaces(text(one['file']), Number(one['pos']), text(other['file']), Number(other['pos']));
  return places === 0 ? Number(one['row']) < Number(other['row']) : places < 0;
}

function placeText({ file, pos, row }: StructValue): string {
  return `${text(file)}:${text(pos)}:${text(row)}`;
}

/** Of the source block's numbers and texts. */
function text(value: Value | undefined): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? `${value}` : '';
}
