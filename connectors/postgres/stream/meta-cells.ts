import { NULL_CELL, type RowBlock } from '../../../runtime/record/row-block.ts';
import { META, META_CELLS } from '../row/source-block.ts';

/** Most bytes one row's own meta cells may need: `["<20>","<20>"]` and two counters. */
const META_BYTES_PER_ROW = 128;
const META_BYTES_PER_TRANSACTION = 512;

/**
 * Writes the meta cells of stream rows (`row/source-block.ts`). Their text lies in the block's arena
 * behind the bytes received so far; rows of one transaction share what they have in common.
 */
export class MetaCells {
  /** Two numbers per meta cell, as in `RowBlock.cells`. */
  readonly #cells = new Int32Array(META_CELLS * 2);
  /** Where the next text goes; the intake moves it. */
  at = 0;
  #lastCommit: bigint | undefined;
  #prefix = Buffer.from('[null,"');
  #xid: string | null = null;
  #timeUs = '0';
  #id: string | null = null;
  #origin: string | null = null;
  #originLsn: string | null = null;
  #lsnHigh = -1;
  #lsnLow = -1;
  #stale = true;
  #nowUs = '0';
  #nowStale = true;

  constructor() {
    for (let i = 0; i < META_CELLS; i++) this.#set(i, 0, NULL_CELL);
  }

  /** The bytes of another arena: everything has to be written again. */
  moved(): void {
    this.#stale = true;
    this.#nowStale = true;
    this.#lsnHigh = -1;
  }

  /** Time the following rows are made, epoch microseconds. */
  clock(nowUs: bigint): void {
    this.#nowUs = String(nowUs);
    this.#nowStale = true;
  }

  /** End of the last complete transaction; the first part of `sequence`. */
  lastCommit(lsn: bigint): void {
    if (lsn === this.#lastCommit) return;
    this.#lastCommit = lsn;
    this.#prefix = Buffer.from(`["${lsn}","`);
    this.#lsnHigh = -1;
  }

  /** The rows that follow are of this transaction; null: of none. `id`: of the transaction block. */
  transaction(xid: number | null, timeUs: bigint, id: string | null): void {
    this.#xid = xid === null ? null : String(xid);
    this.#timeUs = String(timeUs);
    this.#id = id;
    this.#origin = null;
    this.#originLsn = null;
    this.#stale = true;
  }

  origin(name: string, lsn: bigint): void {
    this.#origin = name;
    this.#originLsn = String(lsn);
    this.#stale = true;
  }

  /** Writes what changed, then appends the meta cells of a row whose event is at this LSN. */
  append(block: RowBlock, lsnHigh: number, lsnLow: number): void {
    const need = this.#stale ? META_BYTES_PER_TRANSACTION + (this.#origin?.length ?? 0) * 3 : META_BYTES_PER_ROW;
    if (this.at + need > block.arena.length) grow(block, this.at, need);
    if (this.#stale) this.#writeTransaction(block.arena);
    if (this.#nowStale) {
      this.#nowStale = false;
      this.#text(META.eventUs, block.arena, this.#nowUs);
    }
    if (lsnLow !== this.#lsnLow || lsnHigh !== this.#lsnHigh) this.#writeLsn(block.arena, lsnHigh, lsnLow);
    const cells = this.#cells;
    for (let i = 0; i < META_CELLS * 2; i += 2) block.cell(cells[i] ?? 0, cells[i + 1] ?? NULL_CELL);
  }

  /** Sets the two counters of the transaction block for the row that `append` adds next. */
  order(block: RowBlock, total: number, ofTable: number): void {
    if (this.at + META_BYTES_PER_ROW > block.arena.length) grow(block, this.at, META_BYTES_PER_ROW);
    this.#text(META.totalOrder, block.arena, String(total));
    this.#text(META.collectionOrder, block.arena, String(ofTable));
  }

  #writeTransaction(arena: Buffer): void {
    this.#stale = false;
    this.#text(META.sourceUs, arena, this.#timeUs);
    this.#text(META.txId, arena, this.#xid);
    this.#text(META.origin, arena, this.#origin);
    this.#text(META.originLsn, arena, this.#originLsn);
    this.#text(META.transactionId, arena, this.#id);
  }

  #writeLsn(arena: Buffer, high: number, low: number): void {
    const start = this.at;
    const prefix = this.#prefix;
    let at = start;
    for (let i = 0; i < prefix.length; i++) arena[at++] = prefix[i] ?? 0;
    const digitsAt = at;
    at = writeLsnDigits(arena, at, high, low);
    this.#set(META.lsn, digitsAt, at - digitsAt);
    arena[at++] = 0x22;
    arena[at++] = 0x5d;
    this.#set(META.sequence, start, at - start);
    this.at = at;
    this.#lsnHigh = high;
    this.#lsnLow = low;
  }

  #text(cell: number, arena: Buffer, text: string | null): void {
    if (text === null) {
      this.#set(cell, 0, NULL_CELL);
      return;
    }
    const length = arena.write(text, this.at, 'utf8');
    this.#set(cell, this.at, length);
    this.at += length;
  }

  #set(cell: number, at: number, length: number): void {
    this.#cells[cell * 2] = at;
    this.#cells[cell * 2 + 1] = length;
  }
}

/** Replaces the arena by a larger one with `used` bytes kept and `need` more free. */
export function grow(block: RowBlock, used: number, need: number): void {
  const arena = Buffer.allocUnsafeSlow(Math.max(block.arena.length * 2, used + need));
  block.arena.copy(arena, 0, 0, used);
  block.arena = arena;
}

/** Writes an unsigned 64-bit number in decimal; returns where it ends. */
function writeLsnDigits(bytes: Buffer, at: number, high: number, low: number): number {
  // Beyond 2^53 (8 PiB of WAL) numbers are not exact.
  if (high >= 0x20_0000) {
    return at + bytes.write(String((BigInt(high) << 32n) | BigInt(low)), at, 'latin1');
  }
  const value = high * 0x1_0000_0000 + low;
  const upper = Math.floor(value / 1e8);
  const count = digitCount(upper);
  if (upper === 0) return writeDigits(bytes, at, value, digitCount(value));
  // The upper part has up to nine digits, which is exact in 32 bits.
  writeDigits(bytes, at, upper, count);
  return writeDigits(bytes, at + count, value - upper * 1e8, 8);
}

function writeDigits(bytes: Buffer, at: number, value: number, count: number): number {
  let rest = value | 0;
  for (let i = at + count - 1; i >= at; i--) {
    const next = (rest / 10) | 0;
    bytes[i] = 48 + rest - next * 10;
    rest = next;
  }
  return at + count;
}

function digitCount(value: number): number {
  let count = 1;
  for (let limit = 10; value >= limit; limit *= 10) count++;
  return count;
}
