import type { Schema } from '../../../runtime/record/schema.ts';
import type { Value } from '../../../runtime/record/value.ts';
import type { Column } from '../catalog/table.ts';
import { columnCodec } from './codec.ts';
import type { TypeOptions } from './options.ts';

/**
 * The default of a NOT NULL column as its field's schema has it. Nullable columns have none: Connect's
 * JsonConverter would show their NULLs as the default (I6).
 */
export function defaultValue(column: Column, schema: Schema, options: TypeOptions): Value | undefined {
  const { defaultText, notNull } = column;
  if (!notNull || defaultText === undefined || schema.type === 'struct' || schema.type === 'array') return undefined;
  const bytes = defaultCell(column, defaultText);
  try {
    return columnCodec(column, 'text', options).value(bytes, 0, bytes.length) ?? undefined;
  } catch {
    // A text that its type does not read: better no default than a wrong one.
    return undefined;
  }
}

/** A default as a row's text cell. */
export function defaultCell({ type, scale, length }: Column, text: string): Buffer {
  if (type === 'bit') {
    const bits = /^b'([01]*)'$/i.exec(text)?.[1] ?? '0';
    const hex = BigInt(`0b${bits === '' ? '0' : bits}`).toString(16);
    return Buffer.from(hex.padStart(((length + 7) >> 3) * 2, '0'), 'hex');
  }
  if (type === 'binary' || type === 'varbinary' || type === 'blob') {
    // Hex digits: see `defaultText` of the catalogue, and so MySQL 8 shows bytes.
    const hex = /^0x((?:[0-9a-f]{2})*)$/i.exec(text)?.[1];
    return hex === undefined ? Buffer.from(text, 'utf8') : Buffer.from(hex, 'hex');
  }
  if (type !== 'decimal' || scale === 0) return Buffer.from(text, 'utf8');
  const [whole = '0', fraction = ''] = text.split('.');
  return Buffer.from(`${whole}.${fraction.padEnd(scale, '0').slice(0, scale)}`, 'latin1');
}
