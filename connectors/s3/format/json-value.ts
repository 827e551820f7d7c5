import { writeBase64 } from '../../../runtime/record/base64.ts';
import type { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import { Decimal } from '../../../runtime/record/decimal.ts';
import { writeJsonDouble, writeJsonFloat } from '../../../runtime/record/json-number.ts';
import { writeJsonString } from '../../../runtime/record/json-text.ts';
import type { Datum } from '../../../runtime/record/record.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import type { StructValue, Value } from '../../../runtime/record/value.ts';

/** How decimals are written: base64 of the unscaled bytes, or digits. */
export type DecimalFormat = 'BASE64' | 'NUMERIC';

/** Writes a value as Kafka Connect's JsonConverter does without schemas. */
export function writeJsonValue(writer: ByteWriter, datum: Datum, decimals: DecimalFormat): void {
  write(writer, datum.value, datum.schema, decimals);
}

function write(writer: ByteWriter, value: Value, schema: Schema | null, decimals: DecimalFormat): void {
  switch (typeof value) {
    case 'boolean':
    case 'bigint':
      writer.ascii(String(value));
      return;
    case 'string':
      writeJsonString(writer, value);
      return;
    case 'number':
      writeNumber(writer, value, schema);
      return;
    default:
      writeObject(writer, value, schema, decimals);
  }
}

function writeNumber(writer: ByteWriter, value: number, schema: Schema | null): void {
  if (schema?.type === 'float') writeJsonFloat(writer, value);
  else if (schema?.type === 'double' || !Number.isFinite(value)) writeJsonDouble(writer, value);
  else writer.ascii(Object.is(value, -0) ? '-0.0' : String(value));
}

function writeObject(
  writer: ByteWriter,
  value: Exclude<Value, boolean | bigint | string | number>,
  schema: Schema | null,
  decimals: DecimalFormat,
): void {
  if (value === null) writer.ascii('null');
  else if (value instanceof Uint8Array) writeBytes(writer, value);
  else if (value instanceof Decimal) writeDecimal(writer, value, decimals);
  else if (Array.isArray(value)) writeArray(writer, value as readonly Value[], schema, decimals);
  else if (value instanceof Map) writeMap(writer, value as ReadonlyMap<Value, Value>, schema, decimals);
  else writeStruct(writer, value as StructValue, schema, decimals);
}

function writeBytes(writer: ByteWriter, bytes: Uint8Array): void {
  writer.ascii('"');
  writeBase64(writer, bytes, 0, bytes.length);
  writer.ascii('"');
}

function writeDecimal(writer: ByteWriter, value: Decimal, decimals: DecimalFormat): void {
  if (decimals === 'NUMERIC') writer.ascii(value.toString());
  else writeBytes(writer, twosComplement(value.unscaled));
}

function writeArray(writer: ByteWriter, items: readonly Value[], schema: Schema | null, decimals: DecimalFormat): void {
  writer.ascii('[');
  for (let i = 0; i < items.length; i++) {
    if (i > 0) writer.ascii(',');
    write(writer, items[i] ?? null, schema?.valueSchema ?? null, decimals);
  }
  writer.ascii(']');
}

/** An object where the keys are strings, otherwise an array of pairs. */
function writeMap(
  writer: ByteWriter,
  map: ReadonlyMap<Value, Value>,
  schema: Schema | null,
  decimals: DecimalFormat,
): void {
  const named = schema?.keySchema === undefined ? allStrings(map.keys()) : schema.keySchema.type === 'string';
  let between = '';
  writer.ascii(named ? '{' : '[');
  for (const [key, value] of map) {
    writer.ascii(named ? between : `${between}[`);
    write(writer, key, schema?.keySchema ?? null, decimals);
    writer.ascii(named ? ':' : ',');
    write(writer, value, schema?.valueSchema ?? null, decimals);
    if (!named) writer.ascii(']');
    between = ',';
  }
  writer.ascii(named ? '}' : ']');
}

function allStrings(keys: Iterable<Value>): boolean {
  for (const key of keys) if (typeof key !== 'string') return false;
  return true;
}

function writeStruct(writer: ByteWriter, value: StructValue, schema: Schema | null, decimals: DecimalFormat): void {
  const fields = schema?.fields ?? Object.keys(value).map((name) => ({ name, schema: null }));
  let between = '{';
  for (const { name, schema: fieldSchema } of fields) {
    writer.ascii(between);
    writeJsonString(writer, name);
    writer.ascii(':');
    write(writer, value[name] ?? null, fieldSchema, decimals);
    between = ',';
  }
  writer.ascii(fields.length === 0 ? '{}' : '}');
}

/** Java's `BigInteger.toByteArray`: shortest two's complement, big-endian. */
export function twosComplement(value: bigint): Buffer {
  let length = 1;
  while (BigInt.asIntN(length * 8, value) !== value) length++;
  const hex = BigInt.asUintN(length * 8, value).toString(16);
  return Buffer.from(hex.padStart(length * 2, '0'), 'hex');
}
