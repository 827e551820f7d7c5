import type { RowBlock } from '../../../../runtime/record/row-block.ts';
import type { Table } from '../../catalog/table.ts';
import { rowKey } from '../chunk-sql.ts';
import type { KeyTexts } from '../state.ts';

/**
 * A row's key as one string: the bytes of its text, one character a byte; with several columns each
 * has its length before it. The same for the stream's text cells and for what a window reads.
 */
export function joinKey(parts: readonly string[]): string {
  if (parts.length === 1) return parts[0] ?? '';
  return parts.map((part) => `${part.length}:${part}`).join('');
}

/** The texts of a key made of `columns` parts. */
export function splitKey(key: string, columns: number): KeyTexts {
  if (columns === 1) return [utf8(key)];
  const parts: string[] = [];
  for (let at = 0; at < key.length;) {
    const colon = key.indexOf(':', at);
    const length = Number(key.slice(at, colon));
    parts.push(utf8(key.slice(colon + 1, colon + 1 + length)));
    at = colon + 1 + length;
  }
  return parts;
}

function utf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Reads keys out of tuples of the stream. One per table version. */
export class TupleKeys {
  readonly #columns: readonly number[];

  constructor(table: Table) {
    this.#columns = rowKey(table);
  }

  /** The key of the tuple whose first cell is `first`; null where a part of it is not there. */
  key(block: RowBlock, first: number): string | null {
    const columns = this.#columns;
    if (columns.length === 0) return null;
    if (columns.length === 1) return part(block, first + (columns[0] ?? 0));
    const parts: string[] = [];
    for (const column of columns) {
      const text = part(block, first + column);
      if (text === null) return null;
      parts.push(text);
    }
    return joinKey(parts);
  }
}

function part(block: RowBlock, cell: number): string | null {
  const at = block.cells[cell * 2] ?? 0;
  const length = block.cells[cell * 2 + 1] ?? -1;
  return length < 0 ? null : block.arena.toString('latin1', at, at + length);
}
