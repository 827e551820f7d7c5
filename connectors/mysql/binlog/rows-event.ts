import { inflateSync } from 'node:zlib';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { RowBlock } from '../../../runtime/record/row-block.ts';
import { HEADER_BYTES, type RowsKind } from './event-type.ts';

/** Flag of a rows event: the last of its statement; table ids are free after it. */
const STATEMENT_END = 1;
/** The table id of an event that has none: it only ends a statement. */
export const DUMMY_TABLE = 0xff_ffff;

/** A rows event's fixed part; places are in the buffer that was read. */
export interface RowsHead {
  readonly tableId: number;
  readonly statementEnd: boolean;
  readonly width: number;
  /** Where the bits of columns present begin: of the (old) image, and of an update's new one. */
  readonly present: number;
  readonly presentNew: number;
  /** Where the rows begin. */
  readonly rows: number;
}

/**
 *     id:u48 flags:u16 [length:u16 extra] width:packed present-bits [present-bits of new images] rows
 *
 * `at`: where the event's header begins.
 */
export function readRowsHead(bytes: Buffer, at: number, end: number, kind: RowsKind): RowsHead {
  const body = at + HEADER_BYTES;
  if (body + 10 > end) throw brokenRows('its head is cut off');
  const tableId = bytes.readUIntLE(body, 6);
  const flags = bytes.readUInt16LE(body + 6);
  let place = body + 8;
  if (kind.v2) place += bytes.readUInt16LE(place);
  let width = bytes[place] ?? 0;
  place += 1;
  if (width === 0xfc) {
    width = bytes.readUInt16LE(place);
    place += 2;
  } else if (width > 0xfb) throw brokenRows(`${width} columns`);
  const bits = (width + 7) >> 3;
  const present = place;
  place += bits;
  const presentNew = kind.op === 'update' ? place : present;
  if (kind.op === 'update') place += bits;
  if (place > end) throw brokenRows('its columns are cut off');
  return { tableId, statementEnd: (flags & STATEMENT_END) !== 0, width, present, presentNew, rows: place };
}

/** Most bytes one event may unpack to. */
const MAX_UNPACKED = 1 << 30;

/**
 * MariaDB's compressed rows and queries: `algorithm:3 bits length-of-length:3 bits`, the unpacked length,
 * big-endian, then a zlib stream.
 */
export function unpack(bytes: Buffer, at: number, end: number): Buffer {
  const head = bytes[at] ?? 0;
  const lengthBytes = head & 0x07;
  const algorithm = (head & 0x70) >> 4;
  if (algorithm !== 0 || lengthBytes < 1 || lengthBytes > 4 || at + 1 + lengthBytes > end) {
    throw brokenRows(`its compression is unknown (${head})`);
  }
  const length = bytes.readUIntBE(at + 1, lengthBytes);
  if (length > MAX_UNPACKED) throw brokenRows(`it unpacks to ${length} bytes`);
  try {
    const unpacked = inflateSync(bytes.subarray(at + 1 + lengthBytes, end), { maxOutputLength: Math.max(1, length) });
    if (unpacked.length === length) return unpacked;
  } catch (cause) {
    throw brokenRows('it does not unpack', cause);
  }
  throw brokenRows('it unpacks to another length');
}

/** Copies bytes to the arena at `to`, which grows as it must. */
export function toArena(block: RowBlock, to: number, bytes: Buffer, at: number, end: number): void {
  const length = end - at;
  if (to + length > block.arena.length) {
    const arena = Buffer.allocUnsafeSlow(Math.max(block.arena.length * 2, to + length));
    block.arena.copy(arena, 0, 0, to);
    block.arena = arena;
  }
  bytes.copy(block.arena, to, at, end);
}

export function brokenRows(what: string, cause?: unknown): MillraceError {
  return new MillraceError('MYSQL_EVENT_BROKEN', `a binlog event is not well-formed: ${what}`, {
    kind: 'corrupt',
    remedy: 'Restart the task. If it happens again at the same place, the binlog is damaged there: check the server.',
    cause,
  });
}
