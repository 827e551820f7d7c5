import { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { CellFormat } from './codec.ts';
import { readInt32 } from './integer-codec.ts';

const OPEN = 0x7b;
const CLOSE = 0x7d;
const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const EQUALS = 0x3d;
const NULL = 0x4e;

/** Hears an array in order. */
export interface ArrayVisitor {
  open(): void;
  close(): void;
  /** `length` -1: NULL. */
  item(bytes: Buffer, at: number, length: number): void;
}

/**
 * Reads an array of exactly `depth` dimensions (or an empty one) into a visitor. Lower bounds are
 * not shown. Text: array_out's `[2:3]={a,"b \"c\"",NULL}`. Binary (array_send): Int32 dimensions,
 * Int32 flags, Int32 item type, for each dimension Int32 size and Int32 lower bound, then the items,
 * each Int32 length (-1: NULL) and bytes.
 */
export function readArray(
  format: CellFormat,
  bytes: Buffer,
  at: number,
  length: number,
  depth: number,
  visitor: ArrayVisitor,
): void {
  if (format === 'text') readText(bytes, at, length, depth, visitor);
  else readBinary(bytes, at, depth, visitor);
}

/** Unescaped items; an item is taken before the next is read. */
const unescaped = new ByteWriter(256);

function readText(bytes: Buffer, at: number, length: number, depth: number, visitor: ArrayVisitor): void {
  const end = at + length;
  let next = at;
  if (bytes[at] !== OPEN) next = bytes.indexOf(EQUALS, at) + 1;
  if (bytes[next + 1] === CLOSE) {
    visitor.open();
    visitor.close();
    return;
  }
  let levels = 0;
  while (bytes[next + levels] === OPEN) levels++;
  if (levels !== depth) throw wrongDepth(levels, depth);
  for (; next < end; next++) {
    const byte = bytes[next] as number;
    if (byte === OPEN) visitor.open();
    else if (byte === CLOSE) visitor.close();
    else if (byte === QUOTE) next = quotedItem(bytes, next + 1, end, visitor);
    else if (byte !== COMMA) next = plainItem(bytes, next, end, visitor) - 1;
  }
}

/** Returns where the item's last quote is. */
function quotedItem(bytes: Buffer, at: number, end: number, visitor: ArrayVisitor): number {
  let i = at;
  while (i < end && bytes[i] !== QUOTE && bytes[i] !== BACKSLASH) i++;
  if (bytes[i] === QUOTE) {
    visitor.item(bytes, at, i - at);
    return i;
  }
  unescaped.reset();
  unescaped.copy(bytes, at, i - at);
  for (; i < end && bytes[i] !== QUOTE; i++) {
    if (bytes[i] === BACKSLASH) i++;
    unescaped.byte(bytes[i] as number);
  }
  visitor.item(unescaped.bytes, 0, unescaped.length);
  return i;
}

/** Returns where the item ends. An item that is the word NULL is quoted unless it is one. */
function plainItem(bytes: Buffer, at: number, end: number, visitor: ArrayVisitor): number {
  let i = at;
  while (i < end && bytes[i] !== COMMA && bytes[i] !== CLOSE) i++;
  const isNull = i - at === 4 && bytes[at] === NULL && bytes.toString('latin1', at, i) === 'NULL';
  visitor.item(bytes, at, isNull ? -1 : i - at);
  return i;
}

function readBinary(bytes: Buffer, at: number, depth: number, visitor: ArrayVisitor): void {
  const levels = readInt32(bytes, at);
  if (levels === 0) {
    visitor.open();
    visitor.close();
    return;
  }
  if (levels !== depth) throw wrongDepth(levels, depth);
  readLevel(bytes, at + 12, levels, 0, at + 12 + levels * 8, visitor);
}

/** Returns where the next item begins. */
function readLevel(
  bytes: Buffer,
  sizes: number,
  levels: number,
  level: number,
  from: number,
  visitor: ArrayVisitor,
): number {
  const count = readInt32(bytes, sizes + level * 8);
  let next = from;
  visitor.open();
  for (let i = 0; i < count; i++) {
    if (level + 1 < levels) {
      next = readLevel(bytes, sizes, levels, level + 1, next, visitor);
      continue;
    }
    const length = readInt32(bytes, next);
    visitor.item(bytes, next + 4, length);
    next += 4 + Math.max(length, 0);
  }
  visitor.close();
  return next;
}

function wrongDepth(found: number, declared: number): MillraceError {
  const brackets = '[]'.repeat(found);
  return new MillraceError(
    'POSTGRES_ARRAY_DIMENSIONS',
    `an array has ${found} dimensions, its column declares ${declared}`,
    {
      kind: 'data',
      remedy: `Declare the column with the dimensions its values have: ALTER TABLE … ALTER COLUMN … TYPE …${brackets} (rewrites nothing).`,
    },
  );
}
