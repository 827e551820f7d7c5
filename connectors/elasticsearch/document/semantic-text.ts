import { Decimal } from '../../../runtime/record/decimal.ts';
import { CONNECT_DATE, CONNECT_TIME, CONNECT_TIMESTAMP, isDecimal } from '../../../runtime/record/logical-types.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import type { StructValue, Value } from '../../../runtime/record/value.ts';

/** What a value of a logical or semantic type is in a document. */
export type SemanticForm = 'decimal' | 'variable-decimal' | 'date' | 'time' | 'timestamp';

const TIMES: Readonly<Record<string, readonly [form: SemanticForm, nanosPerUnit: bigint]>> = {
  [CONNECT_DATE]: ['date', 0n],
  'io.debezium.time.Date': ['date', 0n],
  [CONNECT_TIME]: ['time', 1_000_000n],
  'io.debezium.time.Time': ['time', 1_000_000n],
  'io.debezium.time.MicroTime': ['time', 1000n],
  'io.debezium.time.NanoTime': ['time', 1n],
  [CONNECT_TIMESTAMP]: ['timestamp', 1_000_000n],
  'io.debezium.time.Timestamp': ['timestamp', 1_000_000n],
  'io.debezium.time.MicroTimestamp': ['timestamp', 1000n],
  'io.debezium.time.NanoTimestamp': ['timestamp', 1n],
};
const VARIABLE_DECIMAL = 'io.debezium.data.VariableScaleDecimal';
/** Zoned types are texts already, which a date field takes as they are. */
const ZONED = new Set(['io.debezium.time.ZonedTimestamp', 'io.debezium.time.IsoTimestamp', 'io.debezium.time.IsoDate']);

/** Debezium's numbers for the instants that have none, in nanoseconds. */
const INFINITE: ReadonlySet<bigint> = new Set([9_223_372_036_825_200_000_000n, 9_223_372_036_854_775_807n]);
const DAY_NANOS = 86_400_000_000_000n;

/** undefined: the value is written as Connect's JSON converter writes it. */
export function semanticForm(schema: Schema): SemanticForm | undefined {
  if (schema.name === undefined) return undefined;
  if (isDecimal(schema)) return 'decimal';
  if (schema.name === VARIABLE_DECIMAL) return 'variable-decimal';
  return TIMES[schema.name]?.[0];
}

/** Whether a text of this schema is an instant or a date. */
export function isZonedText(schema: Schema): boolean {
  return schema.type === 'string' && schema.name !== undefined && ZONED.has(schema.name);
}

/** Decimals as plain numbers; the others in ISO 8601, as the text of a JSON string. */
export function semanticText(schema: Schema, form: SemanticForm, value: Value): string | undefined {
  if (form === 'decimal') return value instanceof Decimal ? value.toString() : undefined;
  if (form === 'variable-decimal') return variableDecimal(value);
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  if (form === 'date') return Number.isInteger(Number(value)) ? dateText(BigInt(value)) : undefined;
  const nanos = BigInt(value) * (TIMES[schema.name ?? '']?.[1] ?? 1n);
  return form === 'time' ? timeText(nanos) : timestampText(nanos);
}

function variableDecimal(value: Value): string | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const field = (name: string): Value | undefined =>
    value instanceof Map ? (value as ReadonlyMap<Value, Value>).get(name) : (value as StructValue)[name];
  const [scale, bytes] = [field('scale'), field('value')];
  return typeof scale === 'number' && bytes instanceof Uint8Array
    ? Decimal.fromBytes(bytes, scale).toString()
    : undefined;
}

/** Days since 1970-01-01. */
export function dateText(days: bigint): string {
  const { year, month, day } = civil(days);
  return `${yearText(year)}-${two(month)}-${two(day)}`;
}

/** `10:00:00`, with 3, 6 or 9 digits of a fraction where there is one. MySQL's go from `-838:59:59` to `838:59:59`. */
export function timeText(nanos: bigint): string {
  if (nanos < 0n) return `-${timeText(-nanos)}`;
  const seconds = nanos / 1_000_000_000n;
  const clock = `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`;
  return `${clock}${fraction(nanos % 1_000_000_000n)}`;
}

/** Nanoseconds since 1970-01-01T00:00Z. */
export function timestampText(nanos: bigint): string {
  const magnitude = nanos < 0n ? -nanos : nanos;
  if (INFINITE.has(magnitude) || magnitude > 9_223_372_036_800_000_000_000n)
    return nanos < 0n ? '-infinity' : 'infinity';
  let days = nanos / DAY_NANOS;
  let rest = nanos % DAY_NANOS;
  if (rest < 0n) {
    days -= 1n;
    rest += DAY_NANOS;
  }
  return `${dateText(days)}T${timeText(rest)}Z`;
}

function fraction(nanos: bigint): string {
  if (nanos === 0n) return '';
  const digits = nanos.toString().padStart(9, '0');
  if (digits.endsWith('000000')) return `.${digits.slice(0, 3)}`;
  return digits.endsWith('000') ? `.${digits.slice(0, 6)}` : `.${digits}`;
}

/** A day of the proleptic Gregorian calendar, in eras of 400 years that begin on 1 March. */
function civil(days: bigint): { readonly year: bigint; readonly month: bigint; readonly day: bigint } {
  const shifted = days + 719_468n;
  const era = (shifted >= 0n ? shifted : shifted - 146_096n) / 146_097n;
  const dayOfEra = shifted - era * 146_097n;
  const yearOfEra = (dayOfEra - dayOfEra / 1460n + dayOfEra / 36_524n - dayOfEra / 146_096n) / 365n;
  const dayOfYear = dayOfEra - (365n * yearOfEra + yearOfEra / 4n - yearOfEra / 100n);
  const shiftedMonth = (5n * dayOfYear + 2n) / 153n;
  const month = shiftedMonth < 10n ? shiftedMonth + 3n : shiftedMonth - 9n;
  const year = yearOfEra + era * 400n + (month <= 2n ? 1n : 0n);
  return { year, month, day: dayOfYear - (153n * shiftedMonth + 2n) / 5n + 1n };
}

function yearText(year: bigint): string {
  const digits = (year < 0n ? -year : year).toString().padStart(4, '0');
  return year < 0n ? `-${digits}` : digits.length > 4 ? `+${digits}` : digits;
}

function two(value: bigint): string {
  return value.toString().padStart(2, '0');
}
