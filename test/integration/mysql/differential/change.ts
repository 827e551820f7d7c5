import type { RandomColumn } from './random-rows.ts';

/** A row's values as text in one form, whoever read them. */
export type Cells = Readonly<Record<string, string | null>>;

export interface Change {
  readonly op: 'c' | 'u' | 'd';
  readonly before: Cells | null;
  readonly after: Cells | null;
}

/** Without the zeros at the end of the fraction of a second. */
export function shortTime(text: string): string {
  return text.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
}

export function bitText(bytes: Uint8Array): string {
  return BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`).toString(2);
}

/** Number and text alike, keys in order: the same document gives the same text. */
export function jsonText(text: string): string {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, inner]) => [name, sorted(inner)]),
    );
  };
  return JSON.stringify(sorted(JSON.parse(text)));
}

/** Every column of a table, read by `read`. */
export function cellsOf(
  columns: readonly RandomColumn[],
  read: (column: RandomColumn, place: number) => string | null,
): Cells {
  return Object.fromEntries(columns.map((column, i) => [column.name, read(column, i)]));
}
