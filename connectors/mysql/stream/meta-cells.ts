import { NULL_CELL, type RowBlock } from '../../../runtime/record/row-block.ts';
import { META, META_CELLS } from '../row/source-block.ts';

/** Digits of a row's own cells: its number and two counters. */
const ROW_BYTES = 96;

/** What all rows of a transaction or an event have in common. */
export interface EventFacts {
  /** Epoch microseconds. */
  readonly sourceUs: string;
  readonly serverId: string;
  readonly gtid: string | null;
  readonly file: string;
  readonly pos: string;
  readonly thread: string | null;
  readonly query: string | null;
  /** null: no transaction block. */
  readonly transactionId: string | null;
  /** `true` and the like in snapshot rows that do not set it themselves. */
  readonly snapshot?: string;
}

/**
 * The meta cells of the rows being made: texts in the block's arena that rows share as long as they are
 * the same. `at` is where the arena is free.
 */
export class MetaCells {
  at = 0;
  readonly #cells = new Int32Array(META_CELLS * 2).fill(NULL_CELL);
  #facts: EventFacts | undefined;
  #nowUs = '0';
  #stale = true;
  #lastText = '';
  #lastTextAt = 0;

  /** A new block begins: nothing is in its arena. */
  reset(): void {
    this.at = 0;
    this.#stale = true;
    this.#lastText = '';
  }

  clock(nowUs: bigint): void {
    this.#nowUs = String(nowUs);
    this.#stale = true;
  }

  event(facts: EventFacts): void {
    this.#facts = facts;
    this.#stale = true;
  }

  /** Appends the cells of one row: its number in the event, and what it has in common with others. */
  append(block: RowBlock, row: number): void {
    const facts = this.#facts;
    if (this.#stale && facts !== undefined) this.#write(block, facts);
    this.#reserve(block, ROW_BYTES);
    this.#set(META.row, block, String(row));
    const cells = this.#cells;
    for (let i = 0; i < META_CELLS * 2; i += 2) block.cell(cells[i] ?? 0, cells[i + 1] ?? NULL_CELL);
  }

  /** Sets the two counters of the transaction block for the row that `append` adds next. */
  order(block: RowBlock, total: number, ofTable: number): void {
    this.#reserve(block, ROW_BYTES);
    this.#set(META.totalOrder, block, String(total));
    this.#set(META.collectionOrder, block, String(ofTable));
  }

  /** Appends a row of texts alone, for a record of our own. */
  texts(block: RowBlock, texts: readonly (string | null)[]): void {
    for (const text of texts) {
      if (text === null) block.cell(0, NULL_CELL);
      else {
        this.#reserve(block, text.length * 3);
        const length = block.arena.write(text, this.at, 'utf8');
        block.cell(this.at, length);
        this.at += length;
      }
    }
  }

  /** Writes ASCII text into the arena, once as long as it stays the same; returns where it is. */
  text(block: RowBlock, text: string): number {
    if (this.#lastText === text) return this.#lastTextAt;
    this.#reserve(block, text.length);
    this.#lastText = text;
    this.#lastTextAt = this.at;
    this.at += block.arena.write(text, this.at, 'latin1');
    return this.#lastTextAt;
  }

  /** Copies bytes into the arena; returns where they are. */
  bytes(block: RowBlock, bytes: Buffer): number {
    this.#reserve(block, bytes.length);
    const { at } = this;
    this.at += bytes.copy(block.arena, at);
    return at;
  }

  #write(block: RowBlock, facts: EventFacts): void {
    this.#stale = false;
    const { gtid, file, query, transactionId } = facts;
    const length = (gtid?.length ?? 0) + (transactionId?.length ?? 0) + file.length + (query?.length ?? 0);
    this.#reserve(block, length * 3 + 256);
    this.#set(META.sourceUs, block, facts.sourceUs);
    this.#set(META.serverId, block, facts.serverId);
    this.#set(META.gtid, block, gtid);
    this.#set(META.file, block, file);
    this.#set(META.pos, block, facts.pos);
    this.#set(META.thread, block, facts.thread);
    this.#set(META.query, block, query);
    this.#set(META.transactionId, block, transactionId);
    this.#set(META.eventUs, block, this.#nowUs);
    this.#set(META.snapshot, block, facts.snapshot ?? null);
  }

  #set(cell: number, block: RowBlock, text: string | null): void {
    if (text === null) {
      this.#cells[cell * 2 + 1] = NULL_CELL;
      return;
    }
    const length = block.arena.write(text, this.at, 'utf8');
    this.#cells[cell * 2] = this.at;
    this.#cells[cell * 2 + 1] = length;
    this.at += length;
  }

  #reserve(block: RowBlock, need: number): void {
    if (this.at + need <= block.arena.length) return;
    const arena = Buffer.allocUnsafeSlow(Math.max(block.arena.length * 2, this.at + need));
    block.arena.copy(arena, 0, 0, this.at);
    block.arena = arena;
  }
}
