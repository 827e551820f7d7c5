import type { RecordText } from '../../change/debezium-records.ts';
import { bitText, cellsOf, jsonText, shortTime, type Cells, type Change } from './change.ts';
import type { RandomColumn } from './random-rows.ts';

/** Settings under which a record shows every value whole. */
export const EXACT_VALUES = {
  'decimal.handling.mode': 'string',
  'time.precision.mode': 'isostring',
  'binary.handling.mode': 'hex',
};

type Row = Readonly<Record<string, unknown>>;

export function ourChanges(records: readonly RecordText[], columns: readonly RandomColumn[]): Change[] {
  return records.flatMap(({ topic, value }) => {
    if (!topic.endsWith('.t') || value === null) return [];
    const { payload } = JSON.parse(value, exact) as {
      payload: { op: Change['op']; before: Row | null; after: Row | null };
    };
    const { op, before, after } = payload;
    return [{ op, before: before && cells(before, columns), after: after && cells(after, columns) }];
  });
}

function cells(row: Row, columns: readonly RandomColumn[]): Cells {
  return cellsOf(columns, (column) => {
    const value = row[column.name] ?? null;
    return value === null ? null : cell(column, value);
  });
}

function cell({ kind, unsigned }: RandomColumn, value: unknown): string {
  const text = typeof value === 'object' ? JSON.stringify(value) : `${value as string | number}`;
  switch (kind) {
    case 'integer':
      return unsigned === 64 ? String(BigInt.asUintN(64, BigInt(text))) : text;
    case 'float':
      return String(Math.fround(Number(text)));
    case 'double':
      return String(Number(text));
    case 'bit':
      return typeof value === 'boolean' ? String(Number(value)) : bitText(Buffer.from(text, 'base64').reverse());
    case 'temporal':
    case 'timestamp':
      return shortTime(text.replace('T', ' ').replace('Z', ''));
    case 'json':
      return jsonText(text);
    case 'point': {
      const { x, y } = value as { x: number; y: number };
      return `${x} ${y}`;
    }
    default:
      return text;
  }
}

/** Numbers as they were written. */
function exact(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
    ? context?.source
    : value;
}
