import { Decimal } from '../record/decimal.ts';
import { JsonReader } from '../record/json-reader.ts';
import { dateType, decimalType, timeType, timestampType } from '../record/logical-types.ts';
import type { Datum, Header, RawHeader } from '../record/record.ts';
import { BOOLEAN, DOUBLE, STRING } from '../record/schema-builder.ts';
import type { Schema } from '../record/schema.ts';
import type { StructValue, Value } from '../record/value.ts';
import type { HeaderConverter } from './converter.ts';
import { guessedSchema, integerSchema } from './guessed-schema.ts';
import { instantText, scalarText } from './java-text.ts';

/**
 * Kafka Connect's SimpleHeaderConverter: values as text; when read, the type is guessed from it.
 *
 * Written: scalars as Java's `toString`, bytes in base64, arrays and maps and structs JSON-like
 * (`{"k2":"z","k1":2}`; only `\` and `"` are escaped). Read, in this order: `null`; `true`, `false`;
 * arrays and objects; `yyyy-MM-dd`, `HH:mm:ss.SSSZ`, both with `T` between; numbers (the smallest
 * integer type, otherwise double); otherwise a string.
 *
 * Different from Connect (test/conformance/convert): a fraction is a double, or a Decimal where a double
 * would round it, never a float; texts in arrays and objects stay texts; what is no JSON is a string.
 */
export class SimpleHeaderConverter implements HeaderConverter {
  encode(_topic: string, header: Header): Uint8Array | null {
    return header.value === null ? null : Buffer.from(headerText(header.schema, header.value, false));
  }

  decode(_topic: string, header: RawHeader): Datum {
    const { value } = header;
    if (value === null) return { schema: null, value: null };
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
    return parseHeaderText(bytes.toString('utf8'));
  }
}

function headerText(schema: Schema | null, value: Value, embedded: boolean): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return embedded ? quoted(value) : value;
  const scalar = instantText(schema, value) ?? scalarText(schema, value);
  if (scalar !== undefined) return scalar;
  if (value instanceof Uint8Array) {
    const base64 = Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64');
    return embedded ? quoted(base64) : base64;
  }
  if (Array.isArray(value)) {
    const items = value as readonly Value[];
    return `[${items.map((item) => headerText(schema?.valueSchema ?? null, item, true)).join(',')}]`;
  }
  if (value instanceof Map) {
    const pairs = [...(value as ReadonlyMap<Value, Value>)].map(([key, item]) => {
      const keyText = headerText(schema?.keySchema ?? null, key, true);
      return `${keyText}:${headerText(schema?.valueSchema ?? null, item, true)}`;
    });
    return `{${pairs.join(',')}}`;
  }
  const made = value as StructValue;
  const names = schema?.fields ?? Object.keys(made).map((name) => ({ name, schema: null }));
  const fields = names.map(({ name, schema }) => {
    return `${quoted(name)}:${headerText(schema, made[name] ?? schema?.defaultValue ?? null, true)}`;
  });
  return `{${fields.join(',')}}`;
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

const NUMBER = /^[+-]?(\d+\.?\d*)([eE][+-]?\d{1,4})?$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
const DAY_MS = 86_400_000;

/** Guesses the value that a header's text stands for. */
function parseHeaderText(original: string): Datum {
  const text = original.trim();
  const asString: Datum = { schema: STRING, value: original };
  if (text === '') return asString;
  if (text === 'null') return { schema: null, value: null };
  if (text === 'true' || text === 'false') return { schema: BOOLEAN, value: text === 'true' };
  if (text.startsWith('[') || text.startsWith('{')) return parseContainer(text) ?? asString;
  return parseInstant(text) ?? parseNumber(text) ?? asString;
}

function parseContainer(text: string): Datum | undefined {
  try {
    const bytes = Buffer.from(text);
    const value = new JsonReader(bytes).document(null);
    const schema = guessedSchema(value);
    return { schema, value: schema === null ? value : new JsonReader(bytes).document(schema) };
  } catch {
    return undefined;
  }
}

function parseInstant(text: string): Datum | undefined {
  if (TIME.test(text)) {
    const ms = Date.parse(`1970-01-01T${text}`);
    return Number.isNaN(ms) ? undefined : { schema: timeType(), value: ms };
  }
  const isDate = DATE.test(text);
  if (!isDate && !TIMESTAMP.test(text)) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(text.slice(0, 10))) return undefined;
  return isDate ? { schema: dateType(), value: ms / DAY_MS } : { schema: timestampType(), value: BigInt(ms) };
}

function parseNumber(text: string): Datum | undefined {
  if (!NUMBER.test(text)) return undefined;
  const decimal = Decimal.parse(text);
  const whole = decimal.scale > -400 ? decimal.rescale(0) : null;
  if (whole !== null && BigInt.asIntN(64, whole.unscaled) === whole.unscaled) {
    const { unscaled } = whole;
    const schema = integerSchema(unscaled);
    return { schema, value: schema.type === 'int64' ? unscaled : Number(unscaled) };
  }
  // Without an exponent a whole number is meant digit by digit.
  const value = Number(text);
  const isExact = Number.isFinite(value) && isSame(decimal, Decimal.parse(String(value)));
  if (isExact && (whole === null || /e/i.test(text))) return { schema: DOUBLE, value };
  return { schema: decimalType(decimal.scale), value: decimal };
}

function isSame(a: Decimal, b: Decimal): boolean {
  const scale = Math.max(a.scale, b.scale);
  return a.rescale(scale)?.unscaled === b.rescale(scale)?.unscaled;
}
