import type { CellCodec } from '../../../../runtime/record/cell-codec.ts';
import { Decimal } from '../../../../runtime/record/decimal.ts';
import type { RowBlock } from '../../../../runtime/record/row-block.ts';
import type { Value } from '../../../../runtime/record/value.ts';
import type { Table } from '../../catalog/table.ts';
import { columnCodec } from '../../type/codec.ts';
import { DEFAULT_TYPE_OPTIONS, type CellFormat, type TypeOptions } from '../../type/options.ts';

/** Every value stays apart from every other: also dates of no calendar. */
const EXACT: TypeOptions = { ...DEFAULT_TYPE_OPTIONS, unsignedBigint: 'precise', time: 'isostring', decimal: 'string' };

/** Finds the keys of rows, equal for cells of either format. */
export class RowKeys {
  readonly #columns: readonly { readonly cell: number; readonly codec: CellCodec }[];
  readonly #complete: boolean;

  /** `names`: columns of the key. */
  constructor(table: Table, names: readonly string[], format: CellFormat) {
    this.#columns = names.flatMap((name) => {
      const cell = table.columns.findIndex((column) => column.name === name);
      const column = table.columns[cell];
      return column === undefined ? [] : [{ cell, codec: columnCodec(column, format, EXACT) }];
    });
    this.#complete = this.#columns.length === names.length;
  }

  /** The key of an image whose first cell is this one; null: it cannot be told. */
  key(block: RowBlock, image: number): string | null {
    if (!this.#complete) return null;
    let key = '';
    for (const { cell, codec } of this.#columns) {
      const slot = (image + cell) * 2;
      const length = block.cells[slot + 1] ?? -1;
      if (length < 0) return null;
      const text = shown(codec.value(block.arena, block.cells[slot] ?? 0, length));
      key += `${text.length}:${text}`;
    }
    return key;
  }
}

function shown(value: Value): string {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
  if (value instanceof Decimal) return `${value.unscaled}e${value.scale}`;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? `${value}` : '';
}

/** A text cell of a binlog row; null: NULL, or not there. */
export function cellText(table: Table, cell: number, block: RowBlock, image: number): string | null {
  const column = table.columns[cell];
  const slot = (image + cell) * 2;
  const length = block.cells[slot + 1] ?? -1;
  if (column === undefined || length < 0) return null;
  return shown(columnCodec(column, 'binlog', EXACT).value(block.arena, block.cells[slot] ?? 0, length));
}
