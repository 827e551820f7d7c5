import { FIELD_SEPARATOR, type TruthColumn, type TruthTable } from '../../connector/truth.ts';
import type { Datum } from '../../record/record.ts';
import type { Field, Schema } from '../../record/schema.ts';
import { struct, type StructValue, type Value } from '../../record/value.ts';
import { canonicalText, hashedField, rowHash } from './canonical-text.ts';

/** A change event as it concerns one table: Debezium's envelope. */
export interface TableEvent {
  readonly key: Datum | null;
  /** null: a tombstone. */
  readonly value: Datum | null;
}

/**
 * The rows of one table, rebuilt from its events in order. A table with a key holds one hash per
 * key; one without holds how often each hash occurs. An event may leave out a large value that did
 * not change: then the row's last fields are needed, which are kept only if `keepFields`.
 */
export class TableState {
  readonly table: TruthTable;
  readonly #rows = new Map<string, bigint>();
  readonly #counts = new Map<bigint, number>();
  /** Events left out because they are later than the compared position. */
  later = 0;
  readonly #includes: (source: StructValue) => boolean;
  readonly #fields: Map<string, readonly string[]> | undefined;

  constructor(table: TruthTable, includes: (source: StructValue) => boolean, keepFields = false) {
    this.table = table;
    this.#includes = includes;
    this.#fields = keepFields ? new Map() : undefined;
  }

  apply(event: TableEvent): void {
    const envelope = event.value;
    if (envelope === null || envelope.value === null) return; // a tombstone follows a delete
    const value = asStruct(envelope.value);
    if (!this.#includes(asStruct(value['source'] ?? null))) {
      this.later++;
      return;
    }
    switch (value['op']) {
      case 'c':
      case 'r':
      case 'u':
        this.#put(envelope.schema, event, value);
        return;
      case 'd':
        this.#remove(envelope.schema, event, value);
        return;
      case 't':
        this.#rows.clear();
        this.#counts.clear();
        this.#fields?.clear();
        return;
      default: // a logical message is no row
    }
  }

  get rows(): bigint {
    if (this.table.key.length > 0) return BigInt(this.#rows.size);
    let rows = 0;
    for (const count of this.#counts.values()) rows += count;
    return BigInt(rows);
  }

  get checksum(): bigint {
    let sum = 0n;
    for (const hash of this.#rows.values()) sum += hash;
    for (const [hash, count] of this.#counts) sum += hash * BigInt(count);
    return sum;
  }

  hashOf(key: string): bigint | undefined {
    return this.#rows.get(key);
  }

  keys(): Iterable<string> {
    return this.#rows.keys();
  }

  #put(schema: Schema | null, event: TableEvent, value: StructValue): void {
    if (this.table.key.length === 0) {
      if (value['op'] === 'u') this.#count(rowHash(this.#rowFields(schema, value, 'before')), -1);
      this.#count(rowHash(this.#rowFields(schema, value, 'after')), 1);
      return;
    }
    const key = this.#key(schema, event, value, 'after');
    const fields = this.#rowFields(schema, value, 'after', key);
    this.#rows.set(key, rowHash(fields));
    this.#fields?.set(key, fields);
  }

  #remove(schema: Schema | null, event: TableEvent, value: StructValue): void {
    if (this.table.key.length === 0) {
      this.#count(rowHash(this.#rowFields(schema, value, 'before')), -1);
      return;
    }
    const key = this.#key(schema, event, value, 'before');
    this.#rows.delete(key);
    this.#fields?.delete(key);
  }

  #count(hash: bigint, by: number): void {
    const count = (this.#counts.get(hash) ?? 0) + by;
    if (count === 0) this.#counts.delete(hash);
    else this.#counts.set(hash, count);
  }

  #rowFields(schema: Schema | null, envelope: StructValue, side: 'before' | 'after', key?: string): string[] {
    const row = rowOf(envelope, side);
    const fields = fieldsOf(schema, side);
    return this.table.columns.map((column, index) => {
      const text = columnText(column, fields, row);
      return isUnavailable(this.table, column, text) ? this.#lastField(key, index) : hashedField(text);
    });
  }

  #lastField(key: string | undefined, index: number): string {
    if (this.#fields === undefined) throw new FieldsNeeded();
    return this.#fields.get(key ?? '')?.[index] ?? hashedField(null);
  }

  /** The row's key: from the record's key, or from the row where the key columns are all in it. */
  #key(schema: Schema | null, event: TableEvent, envelope: StructValue, side: 'before' | 'after'): string {
    const fromKey = event.key === null || event.key.value === null ? null : asStruct(event.key.value);
    const row = fromKey ?? rowOf(envelope, side);
    const fields = fromKey ? fieldMap(event.key?.schema?.fields) : fieldsOf(schema, side);
    return this.table.key
      .map((name) => {
        const column = this.table.columns.find((candidate) => candidate.name === name);
        return column === undefined ? '' : (columnText(column, fields, row) ?? '');
      })
      .join(FIELD_SEPARATOR);
  }
}

/** Without a schema, JSON objects come as maps. */
function asStruct(value: Value): StructValue {
  return value instanceof Map
    ? struct(Object.fromEntries(value as ReadonlyMap<string, Value>))
    : (value as StructValue);
}

function rowOf(envelope: StructValue, side: 'before' | 'after'): StructValue | null {
  const row = envelope[side] ?? null;
  return row === null ? null : asStruct(row);
}

/** An event leaves out an unchanged value: read the table again with `keepFields`. */
export class FieldsNeeded extends Error {}

function isUnavailable(table: TruthTable, column: TruthColumn, text: string | null): boolean {
  const { unavailable } = table;
  if (unavailable === undefined) return false;
  if (column.form === 'text') return text === unavailable;
  return column.form === 'bytes' && text === Buffer.from(unavailable).toString('hex');
}

type FieldMap = ReadonlyMap<string, Schema>;
const NO_FIELDS: FieldMap = new Map();
const cached = new WeakMap<readonly Field[], FieldMap>();

function fieldMap(fields: readonly Field[] | undefined): FieldMap {
  if (fields === undefined) return NO_FIELDS;
  let map = cached.get(fields);
  if (map === undefined) {
    map = new Map(fields.map((field) => [field.name, field.schema]));
    cached.set(fields, map);
  }
  return map;
}

function fieldsOf(envelope: Schema | null, side: string): FieldMap {
  return fieldMap(envelope?.fields?.find((field) => field.name === side)?.schema.fields);
}

function columnText(column: TruthColumn, fields: FieldMap, row: StructValue | null): string | null {
  const value: Value | undefined = row?.[column.name];
  if (value === undefined) return row === null ? null : column.missing;
  return canonicalText(column.form, fields.get(column.name) ?? null, value);
}
