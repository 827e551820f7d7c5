import { MillraceError } from '../../../runtime/record/error.ts';
import type { RowBlock } from '../../../runtime/record/row-block.ts';
import { BackendError, readBackendFields } from '../wire/backend-error.ts';
import { backend } from '../wire/taken-socket.ts';
import { BLOCK_BYTES, type BlockPool } from '../../../runtime/change/block-pool.ts';
import { grow } from './meta-cells.ts';
import type { RowAssembler } from './row-assembler.ts';

/** A frame is code, int32 length; XLogData adds 'w', int64 start, int64 end, int64 time. */
const FRAME_BYTES = 5;
const XLOG_HEADER_BYTES = FRAME_BYTES + 25;
/** A frame's own length is at most 1 GiB; anything above is no frame. */
const MAX_FRAME_BYTES = 0x4000_0000;

export interface IntakeEvents {
  /** Primary keepalive ('k'). */
  keepalive(walEnd: bigint, replyNow: boolean): void;
  /** The block is full, or an injection has to follow it; `intake.cut()` takes it. */
  full(): void;
  /** The server ended the copy (shutdown, or an error). */
  ended(error: Error | undefined): void;
}

/**
 * Splits the CopyBoth bytes into messages and feeds the assembler. The bytes of the socket are
 * copied once, frames and all, into the arena of the current block, and stay there: cells point at
 * them. Meta cells are written behind the bytes; the start of an unfinished frame then moves
 * behind them, so that the rest of it can follow.
 *
 *     arena: … parsed frames … | meta | … parsed frames … | unfinished frame | free
 */
export class Intake {
  readonly #assembler: RowAssembler;
  readonly #pool: BlockPool;
  readonly #events: IntakeEvents;
  #block: RowBlock;
  /** Bytes of the arena in use, and those of them that are read. */
  #filled = 0;
  #parsed = 0;
  #parsing = false;
  /** Bytes of WAL end seen in data and keepalives. */
  walEnd = 0n;
  /** XLogData messages read. */
  messages = 0;

  constructor(assembler: RowAssembler, pool: BlockPool, events: IntakeEvents) {
    this.#assembler = assembler;
    this.#pool = pool;
    this.#events = events;
    this.#block = assembler.block;
  }

  /** Something would be handed over by a cut. */
  get rows(): number {
    return this.#block.count;
  }

  /** Bytes of the current block. */
  get bytes(): number {
    return this.#filled;
  }

  /** Bytes as the socket gave them. */
  chunk(bytes: Buffer): void {
    this.#makeRoom(bytes.length);
    bytes.copy(this.#block.arena, this.#filled);
    this.#filled += bytes.length;
    if (!this.#parsing && this.#assembler.waiting === undefined) this.parse();
  }

  /** Reads all whole frames, until the assembler has to wait. Call again once it no longer has to. */
  parse(): void {
    const assembler = this.#assembler;
    this.#parsing = true;
    try {
      do {
        this.#run();
        if (assembler.injection !== undefined || this.#isFull()) this.#events.full();
      } while (assembler.waiting === undefined && this.#whole());
    } finally {
      this.#parsing = false;
    }
  }

  /** Adds rows that did not come from the socket; their text goes to `meta.at` of the arena. */
  own(write: (block: RowBlock, meta: RowAssembler['meta']) => void): void {
    const { meta } = this.#assembler;
    meta.at = this.#filled;
    write(this.#block, meta);
    this.#close(this.#parsed);
  }

  /** The session is over: what is not read is void. Rows read so far stay. */
  leave(): void {
    this.#filled = this.#parsed;
    this.walEnd = 0n;
  }

  /** Takes the current block; the next begins with the unfinished frame. */
  cut(): RowBlock {
    const block = this.#block;
    const left = this.#filled - this.#parsed;
    const next = this.#pool.take(left + this.#missing() + (256 << 10));
    block.arena.copy(next.arena, 0, this.#parsed, this.#filled);
    this.#block = next;
    this.#assembler.block = next;
    this.#assembler.meta.moved();
    this.#parsed = 0;
    this.#filled = left;
    return block;
  }

  /** An unfinished frame alone fills no block, however large it is: it would be copied with every chunk. */
  #isFull(): boolean {
    return this.#parsed >= BLOCK_BYTES || (this.#block.count > 0 && this.#filled >= BLOCK_BYTES);
  }

  #run(): void {
    const assembler = this.#assembler;
    const { meta } = assembler;
    const filled = this.#filled;
    let at = this.#parsed;
    meta.at = filled;
    try {
      while (at + FRAME_BYTES <= filled) {
        const bytes = this.#block.arena;
        const end = at + 1 + frameLength(bytes, at + 1);
        if (end > filled) break;
        if (bytes[at] === backend.copyData && bytes[at + FRAME_BYTES] === 0x77) {
          assembler.lsnHigh = bytes.readUInt32BE(at + 6);
          assembler.lsnLow = bytes.readUInt32BE(at + 10);
          this.messages++;
          assembler.read(bytes, at + XLOG_HEADER_BYTES, end);
          at = end;
          if (assembler.waiting !== undefined || assembler.injection !== undefined) break;
          if (meta.at >= BLOCK_BYTES && this.#block.count > 0 && at > BLOCK_BYTES / 2) break;
        } else {
          this.#other(bytes, at, end);
          at = end;
        }
      }
    } finally {
      // Also where a message throws: rows of those before it point at these bytes.
      this.#close(at);
    }
  }

  /** Moves what is left of the bytes behind the meta cells. */
  #close(at: number): void {
    const { meta } = this.#assembler;
    const block = this.#block;
    const left = this.#filled - at;
    this.#parsed = at;
    if (meta.at === this.#filled) return;
    if (meta.at + left > block.arena.length) grow(block, meta.at, left);
    if (left > 0) block.arena.copyWithin(meta.at, at, this.#filled);
    this.#parsed = meta.at;
    this.#filled = meta.at + left;
  }

  #other(bytes: Buffer, at: number, end: number): void {
    const code = bytes[at];
    const body = at + FRAME_BYTES;
    if (code === backend.copyData) {
      if (bytes[body] !== 0x6b) return;
      const walEnd = bytes.readBigUInt64BE(body + 1);
      if (walEnd > this.walEnd) this.walEnd = walEnd;
      this.#events.keepalive(walEnd, bytes[body + 17] === 1);
    } else if (code === backend.error) {
      this.#events.ended(new BackendError(readBackendFields(bytes, body, end)));
    } else if (code === backend.copyDone || code === backend.commandComplete) {
      this.#events.ended(undefined);
    }
  }

  #whole(): boolean {
    if (this.#parsed + FRAME_BYTES > this.#filled) return false;
    return this.#parsed + 1 + frameLength(this.#block.arena, this.#parsed + 1) <= this.#filled;
  }

  /** Bytes of the unfinished frame that have not come yet; 0 where its length is not known. */
  #missing(): number {
    if (this.#parsed + FRAME_BYTES > this.#filled) return 0;
    const end = this.#parsed + 1 + frameLength(this.#block.arena, this.#parsed + 1);
    return Math.max(0, end - this.#filled);
  }

  /** One row larger than an arena grows it once, to its whole length. */
  #makeRoom(count: number): void {
    if (this.#filled + count <= this.#block.arena.length) return;
    if (this.#block.count > 0 && !this.#parsing) this.#events.full();
    if (this.#filled + count <= this.#block.arena.length) return;
    const missing = Math.max(count, this.#missing());
    grow(this.#block, this.#filled, missing + (64 << 10));
  }
}

function frameLength(bytes: Buffer, at: number): number {
  const length = bytes.readUInt32BE(at);
  if (length >= 4 && length < MAX_FRAME_BYTES) return length;
  throw new MillraceError('POSTGRES_STREAM_BROKEN', `the replication stream holds a frame of ${length} bytes`, {
    kind: 'unavailable',
  });
}
