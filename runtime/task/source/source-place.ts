import type { Value } from '../../record/value.ts';

/** Where a change event says that it was read: by it two events of one row are compared. */
export interface SourcePlace {
  /** Whose log: `source.name`; undefined where a transform left the place only. */
  readonly of: string | undefined;
  readonly lsn: bigint;
}

/** What transforms call the place of an unwrapped event (`add.fields=lsn` or `source.lsn`). */
const UNWRAPPED = ['__source_lsn', '__lsn'];

/** null: it does not say. */
export function sourcePlace(value: Value): SourcePlace | null {
  const source = fieldOf(value, 'source');
  const lsn = integer(fieldOf(source, 'lsn'));
  if (lsn !== null) {
    const name = fieldOf(source, 'name');
    return { of: typeof name === 'string' ? name : undefined, lsn };
  }
  for (const name of UNWRAPPED) {
    const own = integer(fieldOf(value, name));
    if (own !== null) return { of: undefined, lsn: own };
  }
  return null;
}

/** Whether `one` lies after `other`; null: they cannot be compared. */
export function isAfter(one: SourcePlace | null, other: SourcePlace | null): boolean | null {
  if (one === null || other === null) return null;
  if (one.of !== undefined && other.of !== undefined && one.of !== other.of) return null;
  return one.lsn > other.lsn;
}

function fieldOf(value: Value | undefined, name: string): Value | undefined {
  if (value instanceof Map) {
    const map: ReadonlyMap<Value, Value> = value;
    return map.get(name);
  }
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || Array.isArray(value))
    return undefined;
  return (value as Readonly<Record<string, Value>>)[name];
}

function integer(value: Value | undefined): bigint | null {
  if (typeof value === 'bigint') return value;
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : null;
}
