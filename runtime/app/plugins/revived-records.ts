import type { SourceRecord } from '../../connector/source.ts';
import { Decimal } from '../../record/decimal.ts';
import type { Datum } from '../../record/record.ts';
import { struct, type Value } from '../../record/value.ts';

/**
 * Records that came from another thread: structured cloning takes classes and null prototypes off, so decimals
 * and structs are made anew.
 */
export function revivedRecords(records: readonly SourceRecord[]): readonly SourceRecord[] {
  return records.map((record) => ({
    ...record,
    key: record.key === null ? null : revivedDatum(record.key),
    value: record.value === null ? null : revivedDatum(record.value),
    ...(record.headers === undefined
      ? {}
      : { headers: record.headers.map((header) => ({ ...header, value: revived(header.value) })) }),
  }));
}

/** A value with its schema, likewise. */
export function revivedDatum({ schema, value }: Datum): Datum {
  return { schema, value: revived(value) };
}

function revived(value: Value): Value {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return (value as readonly Value[]).map(revived);
  if (value instanceof Map) {
    const entries = [...(value as ReadonlyMap<Value, Value>)];
    return new Map(entries.map(([key, item]) => [revived(key), revived(item)]));
  }
  const fields = Object.entries(value as Readonly<Record<string, Value>>);
  const { unscaled, scale } = value as { readonly unscaled?: Value; readonly scale?: Value };
  if (fields.length === 2 && typeof unscaled === 'bigint' && typeof scale === 'number') {
    return new Decimal(unscaled, scale);
  }
  return struct(Object.fromEntries(fields.map(([name, item]) => [name, revived(item)])));
}
