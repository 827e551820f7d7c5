import { MillraceError } from '../../../runtime/record/error.ts';
import { NULL_CELL, UNCHANGED_CELL, type RowBlock } from '../../../runtime/record/row-block.ts';

/**
 * Reads row images: a null bit per column present, then the values, one after the other. No object is
 * made per row or value (D14): a cell is a place in the block's arena.
 *
 *     image = null-bits value*
 */
export class RowReader {
  /** Where the last image ended. */
  at = 0;
  /** The last image left columns out (`binlog_row_image` is not FULL). */
  partial = false;
  readonly #sizes: Int32Array;

  /** `sizes`: see `Column.size`. */
  constructor(sizes: readonly number[]) {
    this.#sizes = Int32Array.from(sizes);
  }

  get width(): number {
    return this.#sizes.length;
  }

  /**
   * Appends the cells of one image: `present` is where its bits of columns present begin in the arena.
   * Columns left out become unchanged cells. Throws a `corrupt` error where it goes beyond `end`.
   */
  image(block: RowBlock, at: number, end: number, present: number): void {
    const sizes = this.#sizes;
    const width = sizes.length;
    const { arena } = block;
    let place = at + ((countBits(arena, present, width) + 7) >> 3);
    let bit = 0;
    this.partial = false;
    for (let i = 0; i < width; i++) {
      if (((arena[present + (i >> 3)] as number) & (1 << (i & 7))) === 0) {
        this.partial = true;
        block.cell(0, UNCHANGED_CELL);
        continue;
      }
      const isNull = ((arena[at + (bit >> 3)] as number) & (1 << (bit & 7))) !== 0;
      bit++;
      if (isNull) {
        block.cell(0, NULL_CELL);
        continue;
      }
      let length = sizes[i] as number;
      if (length < 0) {
        const prefix = -length;
        length = readLength(arena, place, prefix);
        place += prefix;
      }
      if (place + length > end) throw beyond();
      block.cell(place, length);
      place += length;
    }
    if (place > end) throw beyond();
    this.at = place;
  }
}

function readLength(arena: Buffer, at: number, prefix: number): number {
  let length = arena[at] as number;
  if (prefix > 1) length |= (arena[at + 1] as number) << 8;
  if (prefix > 2) length |= (arena[at + 2] as number) << 16;
  if (prefix > 3) length += (arena[at + 3] as number) * 0x100_0000;
  return length;
}

function countBits(bytes: Buffer, at: number, count: number): number {
  let bits = 0;
  for (let i = 0; i < count; i++) bits += ((bytes[at + (i >> 3)] as number) >> (i & 7)) & 1;
  return bits;
}

export function beyond(): MillraceError {
  return new MillraceError('MYSQL_ROWS_BROKEN', 'a row goes beyond the end of its event', {
    kind: 'corrupt',
    remedy: 'Restart the task. If it happens again at the same place, report the table’s definition.',
  });
}
