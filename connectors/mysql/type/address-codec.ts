import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { STRING } from '../../../runtime/record/schema-builder.ts';
import { uuidOf } from '../../../runtime/record/semantic-types.ts';
import { madeTextCodec, utf8Codec } from './text-codec.ts';
import type { CellFormat, TypeOptions } from './options.ts';

/* MariaDB's types over fixed bytes: uuid, inet4, inet6. The binlog has their stored form. */

export function uuidCodec(format: CellFormat, options: TypeOptions): CellCodec {
  if (format === 'text') return utf8Codec(uuidOf(), options.unavailable);
  return madeTextCodec(uuidOf(), uuidText, options.unavailable);
}

/**
 * UUIDs of the versions 1 to 5 are stored with their parts the other way round, the node first, so that
 * they sort by time; others as they are.
 */
function uuidText(bytes: Buffer, at: number, length: number): string {
  // Zero bytes at the end are cut off, as those of binary are.
  const stored = Buffer.alloc(16);
  bytes.copy(stored, 0, at, at + Math.min(length, 16));
  const turned = ((stored[6] ?? 0) & 0x80) !== 0 && (stored[8] ?? 0) > 0 && (stored[8] ?? 0) < 0x60;
  const hex = stored.toString('hex');
  const part = (from: number, size: number): string => hex.slice(from * 2, (from + size) * 2);
  return turned
    ? [part(12, 4), part(10, 2), part(8, 2), part(6, 2), part(0, 6)].join('-')
    : [part(0, 4), part(4, 2), part(6, 2), part(8, 2), part(10, 6)].join('-');
}

export function inetCodec(kind: 'inet4' | 'inet6', format: CellFormat, options: TypeOptions): CellCodec {
  if (format === 'text') return utf8Codec(STRING, options.unavailable);
  const size = kind === 'inet4' ? 4 : 16;
  const text = (bytes: Buffer, at: number, length: number): string => {
    const stored = Buffer.alloc(size);
    bytes.copy(stored, 0, at, at + Math.min(length, size));
    return kind === 'inet4' ? stored.join('.') : inet6Text(stored);
  };
  return madeTextCodec(STRING, text, options.unavailable);
}

/** As MariaDB's inet6_ntoa: the first longest run of zeros is `::`, an IPv4 address at the end has dots. */
function inet6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2));
  const { start, length } = longestZeros(groups);
  const ipv4 = start === 0 && (length === 6 || (length === 5 && groups[5] === 0xffff));
  const shown = ipv4 ? groups.slice(0, 6) : groups;
  const hex = shown.map((group) => group.toString(16));
  const tail = ipv4 ? [bytes.subarray(12).join('.')] : [];
  if (length < 2) return [...hex, ...tail].join(':');
  const after = [...hex.slice(start + length), ...tail];
  return `${hex.slice(0, start).join(':')}::${after.join(':')}`;
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let i = 0; i <= groups.length; i++) {
    if (groups[i] === 0) continue;
    if (i - start > best.length) best = { start, length: i - start };
    start = i + 1;
  }
  return best;
}
