import { FIELD_SEPARATOR, NULL_TEXT, type TruthColumn, type TruthTable } from '../../connector/truth.ts';
import type { JsonObject, Datum } from '../../record/record.ts';
import type { Field, Schema } from '../../record/schema.ts';
import type { StructValue, Value } from '../../record/value.ts';
import { canonicalText, rowHash } from './canonical-text.ts';

/** A change event as it concerns one table: Debezium's envelope. */
export interface TableEvent {
  readonly key: Datum | null;
  /** null: a tombstone. */
  readonly value: Datum | null;
}

/**
 * The rows of one table, rebuilt from its events in order. A table with a key holds one hash per
 * key; one without holds how often each hash occurs.
 */
export class TableState {
  readonly table: TruthTable;
  readonly #rows = new Map<string, bigint>();
  readonly #counts = new Map<bigint, number>();
  /** Events left out because they are later than the compared position. */
  later = 0;
  readonly #includes: (source: JsonObject) => boolean;

  constructor(table: TruthTable, includes: (source: JsonObject) => boolean) {
    this.table = table;
    this.#includes = includes;
  }

  apply(event: TableEvent): void {
    const envelope = event.value;
    if (envelope === null || envelope.value === null) return; // a tombstone follows a delete
    const value = envelope.value as StructValue;
    if (!this.#includes(value['source'] as unknown as JsonObject)) {
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
    const hash = this.#hash(schema, value, 'after');
    if (this.table.key.length > 0) {
      this.#rows.set(this.#key(schema, event, value, 'after'), hash);
      return;
    }
    if (value['op'] === 'u') this.#count(this.#hash(schema, value, 'before'), -1);
    this.#count(hash, 1);
  }

  #remove(schema: Schema | null, event: TableEvent, value: StructValue): void {
    if (this.table.key.length > 0) this.#rows.delete(this.#key(schema, event, value, 'before'));
    else this.#count(this.#hash(schema, value, 'before'), -1);
  }

  #count(hash: bigint, by: number): void {
    const count = (this.#counts.get(hash) ?? 0) + by;
    if (count === 0) this.#counts.delete(hash);
    else this.#counts.set(hash, count);
  }

  #hash(schema: Schema | null, envelope: StructValue, side: 'before' | 'after'): bigint {
    const row = envelope[side] as StructValue | null;
    const fields = fieldsOf(schema, side);
    return rowHash(this.table.columns.map((column) => columnText(column, fields, row)));
  }

  /** The row's key: from the record's key, or from the row where the key columns are all in it. */
  #key(schema: Schema | null, event: TableEvent, envelope: StructValue, side: 'before' | 'after'): string {
    const fromKey = event.key?.value as StructValue | null | undefined;
    const row = fromKey ?? (envelope[side] as StructValue | null);
    const fields = fromKey ? fieldMap(event.key?.schema?.fields) : fieldsOf(schema, side);
    return this.table.key
      .map((name) => {
        const column = this.table.columns.find((candidate) => candidate.name === name);
        return column === undefined ? '' : columnText(column, fields, row);
      })
      .join(FIELD_SEPARATOR);
  }
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

function columnText(column: TruthColumn, fields: FieldMap, row: StructValue | null): string {
  const value: Value | undefined = row?.[column.name];
  if (value === undefined) return row === null ? NULL_TEXT : column.missing;
  return canonicalText(column.form, fields.get(column.name) ?? null, value);
}
