import type { TruthColumn, TruthTable } from '../../connector/truth.ts';
import { Decimal } from '../../record/decimal.ts';
import type { Datum } from '../../record/record.ts';
import type { Field, Schema } from '../../record/schema.ts';
import { struct, type StructValue, type Value } from '../../record/value.ts';
import { canonicalText, hashedField } from './canonical-text.ts';

/** A change event as it concerns one table: Debezium's envelope. */
export interface TableEvent {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: Datum | null;
  readonly value: Datum;
  /** The row had another key before: Debezium's header `__debezium.oldkey`. */
  readonly moved: boolean;
}

/** An envelope taken apart. */
export interface Envelope {
  readonly op: Value;
  readonly source: StructValue;
  readonly schema: Schema | null;
  readonly value: StructValue;
}

const OPERATIONS: ReadonlySet<Value> = new Set(['c', 'r', 'u', 'd', 't', 'm']);

/** null: the value is no change event. */
export function envelopeOf({ schema, value }: Datum): Envelope | null {
  if (!isObject(value)) return null;
  const envelope = asStruct(value);
  const { op = null, source = null } = envelope;
  if (!OPERATIONS.has(op) || !isObject(source)) return null;
  return { op, source: asStruct(source), schema, value: envelope };
}

function isObject(value: Value): boolean {
  if (value === null || typeof value !== 'object') return false;
  return !Array.isArray(value) && !(value instanceof Uint8Array) && !(value instanceof Decimal);
}

/** `transaction.total_order`, where the connector writes it. */
export function totalOrder({ value }: Envelope): string | null {
  const order = asStruct(value['transaction'] ?? null)['total_order'];
  return typeof order === 'number' || typeof order === 'bigint' ? order.toString() : null;
}

/** One image of a row, as it is hashed. */
export interface Image {
  readonly fields: string[];
  /** Columns whose field is the placeholder of a value that the source may have left out. */
  readonly open: readonly number[];
}

/** Reads an image; `moved`: the event is the second half of a key change. */
export function readImage(table: TruthTable, envelope: Envelope, side: 'before' | 'after', moved = false): Image {
  const row = rowOf(envelope, side);
  const schemas = fieldsOf(envelope.schema, side);
  const mayLeaveOut =
    side === 'after' && table.key.length > 0 && (envelope.op === 'u' || (envelope.op === 'c' && moved));
  const open: number[] = [];
  const fields = table.columns.map((column, index) => {
    const text = columnText(column, schemas, row);
    if (mayLeaveOut && isPlaceholder(table, column, text) && !isKnownBefore(column, envelope)) open.push(index);
    return hashedField(text);
  });
  return { fields, open };
}

/** A source that sends the old value would have sent the new one's: what looks left out is the value. */
function isKnownBefore(column: TruthColumn, envelope: Envelope): boolean {
  return columnText(column, fieldsOf(envelope.schema, 'before'), rowOf(envelope, 'before')) !== null;
}

/** Canonical texts of the key's fields: from the record's key, or from the row where that lacks them. */
export function keyTexts(table: TruthTable, key: Datum | null, envelope: Envelope, side: 'before' | 'after'): string[] {
  const fromKey = key === null || !hasKey(table, key) ? null : asStruct(key.value);
  const row = fromKey ?? rowOf(envelope, side);
  const schemas = fromKey ? fieldMap(key?.schema?.fields) : fieldsOf(envelope.schema, side);
  return table.key.map((name) => {
    const column = table.columns.find((candidate) => candidate.name === name);
    return column === undefined ? '' : (columnText(column, schemas, row) ?? '');
  });
}

/** Whether a record's key has the fields that the table's key has now: it may have had another one. */
export function hasKey(table: TruthTable, { value }: Datum): boolean {
  if (!isObject(value)) return false;
  const row = asStruct(value);
  return table.key.every((name) => row[name] !== undefined);
}

/** Tells keys apart that the table has no more. */
export function formerKey({ value }: Datum): string {
  const plain = isObject(value) ? asStruct(value) : value;
  return JSON.stringify(plain, (_name, part: unknown) => (typeof part === 'bigint' ? part.toString() : part));
}

function isPlaceholder(table: TruthTable, column: TruthColumn, text: string | null): boolean {
  if (!column.mayBeLeftOut || table.unavailable === undefined) return false;
  return text === placeholderText(table.unavailable, column);
}

/** The canonical text of the placeholder in this column. */
export function placeholderText(unavailable: string, { form }: TruthColumn): string {
  return form === 'bytes' ? Buffer.from(unavailable).toString('hex') : unavailable;
}

/** Without a schema, JSON objects come as maps. */
function asStruct(value: Value): StructValue {
  if (value === null) return struct();
  return value instanceof Map
    ? struct(Object.fromEntries(value as ReadonlyMap<string, Value>))
    : (value as StructValue);
}

function rowOf(envelope: Envelope, side: 'before' | 'after'): StructValue | null {
  const row = envelope.value[side] ?? null;
  return row === null ? null : asStruct(row);
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
