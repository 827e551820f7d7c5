import { option, optionSet, parseOptions } from '../../connector/options.ts';
import {
  CONNECT_DATE,
  CONNECT_TIME,
  CONNECT_TIMESTAMP,
  dateType,
  timestampType,
  timeType,
} from '../../record/logical-types.ts';
import { primitive } from '../../record/schema-builder.ts';
import type { Schema } from '../../record/schema.ts';
import type { Value } from '../../record/value.ts';
import { replaceNull } from './replace-null-option.ts';
import { editedMap, fieldPath, fieldSyntax, syntaxOf, type FieldPath } from '../field-path.ts';
import { javaClass, javaType } from '../java-class.ts';
import { KAFKA_TRANSFORMS } from '../java-packages.ts';
import { requireMap, requireStructOrNull } from '../requirements.ts';
import { SchemaMemo } from '../schema-memo.ts';
import { sideOf, type RecordSide } from '../side.ts';
import type { SimpleDateFormat } from './simple-date-format.ts';
import { pathTree, planStruct, visitPaths } from '../struct-plan.ts';
import { dateFormat } from './timestamp-router.ts';
import { rejected, wrongOption } from '../transform-error.ts';
import type { Transform, TransformKind } from '../transform.ts';

const PURPOSE = 'converting timestamp formats';
const DAY_MS = 86_400_000;
const LONG_MAX = 2n ** 63n - 1n;

const options = optionSet('TimestampConverter', {
  field: option.string({
    doc: 'The field that has the time; empty: the whole is one.',
    importance: 'HIGH',
    default: '',
  }),
  'target.type': option.oneOf(['string', 'unix', 'Date', 'Time', 'Timestamp'], {
    doc: 'What it becomes: text, a number (int64), or one of Connect’s types of dates and times.',
    importance: 'HIGH',
  }),
  format: option.string({
    doc: 'How texts are written and read, in UTC: a pattern of Java’s SimpleDateFormat.',
    default: '',
  }),
  'unix.precision': option.oneOf(['seconds', 'milliseconds', 'microseconds', 'nanoseconds'], {
    doc: 'Unit of the numbers, read or written. Beyond milliseconds digits are lost.',
    importance: 'LOW',
    default: 'milliseconds',
  }),
  ...replaceNull,
  ...fieldSyntax,
});

type Form = 'string' | 'unix' | 'Date' | 'Time' | 'Timestamp';
type Unit = 'seconds' | 'milliseconds' | 'microseconds' | 'nanoseconds';

export const timestampConverter: TransformKind = {
  name: 'TimestampConverter',
  javaPackage: KAFKA_TRANSFORMS,
  doc: 'Converts times between text, numbers and Connect’s types.',
  options,
  sided: true,
  create: (config, name) => {
    const parsed = parseOptions(options, config);
    const { field, 'target.type': to, format } = parsed;
    if (to === 'string' && format.trim() === '') {
      const message = 'TimestampConverter requires format option to be specified when using string timestamps';
      throw wrongOption('format', message);
    }
    const pattern = format.trim() === '' ? null : dateFormat('format', format);
    const times = new Times(to, pattern, format, parsed['unix.precision']);
    const side = sideOf(name);
    if (field === '') return convertWhole(side, times);
    const path = fieldPath(field, syntaxOf(config), 'field');
    return convertField(side, times, path, parsed['replace.null.with.default']);
  },
};

function convertWhole(side: RecordSide, times: Times): Transform {
  const schemas = new SchemaMemo((schema) => times.schema(schema.optional));
  return {
    apply: (record) => {
      const schema = side.schema(record);
      const value = times.convert(schema, side.value(record));
      side.set(record, schema === null ? null : schemas.of(schema), value);
      return record;
    },
  };
}

function convertField(side: RecordSide, times: Times, path: FieldPath, withDefaults: boolean): Transform {
  const visit = visitPaths(pathTree([[path, true]]), ({ schema }) => ({
    schema: times.schema(schema.optional),
    convert: (value) => times.convert(schema, value),
  }));
  const plans = new SchemaMemo((schema) =>
    planStruct(schema, visit, { replaceNull: withDefaults, keepOptional: true }),
  );
  return {
    apply: (record) => {
      const value = side.value(record);
      const schema = side.schema(record);
      if (schema === null) {
        if (value === null) return record;
        const edited = editedMap(requireMap(value, PURPOSE), [path], () => (holder, name) => {
          holder.set(name, times.convert(null, holder.get(name) ?? null));
        });
        side.set(record, null, edited);
        return record;
      }
      const from = requireStructOrNull(schema, value, PURPOSE);
      const plan = plans.of(schema);
      side.set(record, plan.schema, from === null ? null : plan.apply(from));
      return record;
    },
  };
}

/** Times from one form to another, by way of milliseconds. */
class Times {
  readonly #to: Form;
  readonly #format: SimpleDateFormat | null;
  readonly #pattern: string;
  readonly #unit: Unit;

  constructor(to: Form, format: SimpleDateFormat | null, pattern: string, unit: Unit) {
    this.#to = to;
    this.#format = format;
    this.#pattern = pattern;
    this.#unit = unit;
  }

  schema(optional: boolean): Schema {
    switch (this.#to) {
      case 'string':
        return primitive('string', { optional });
      case 'unix':
        return primitive('int64', { optional });
      case 'Date':
        return dateType({ optional });
      case 'Time':
        return timeType({ optional });
      case 'Timestamp':
        return timestampType({ optional });
    }
  }

  convert(schema: Schema | null, value: Value): Value {
    const form = schema === null ? null : formOf(schema);
    if (value === null) return null;
    const ms = this.#read(form ?? untypedForm(value), value);
    const made = this.#write(ms, schema === null);
    return schema === null && typeof made === 'bigint' ? untyped(made) : made;
  }

  #read(form: Form, value: Value): number {
    switch (form) {
      case 'string':
        return this.#parse(value as string);
      case 'unix':
        return Number(toMillis(BigInt(value as bigint | number), this.#unit));
      case 'Date':
        return Number(value) * DAY_MS;
      case 'Time':
      case 'Timestamp':
        return Number(value);
    }
  }

  #parse(text: string): number {
    if (this.#format === null)
      throw rejected('VALUE', 'The format option is needed to read a timestamp that is a string');
    const ms = this.#format.parse(text);
    if (ms !== null) return ms;
    const message = `Could not parse timestamp: value (${text}) does not match pattern (${this.#pattern})`;
    throw rejected('VALUE', message);
  }

  /** Without a schema a date is its instant in milliseconds: there is no other form for it. */
  #write(ms: number, schemaless: boolean): Value {
    const day = Math.floor(ms / DAY_MS);
    switch (this.#to) {
      case 'string':
        return this.#text(ms);
      case 'unix':
        return fromMillis(BigInt(ms), this.#unit);
      case 'Date':
        return schemaless ? day * DAY_MS : day;
      case 'Time':
        return ms - day * DAY_MS;
      case 'Timestamp':
        return BigInt(ms);
    }
  }

  #text(ms: number): string {
    if (this.#format === null) throw new RangeError('a text needs a format');
    if (Number.isNaN(new Date(ms).getTime()))
      throw rejected('VALUE', `A timestamp of ${ms} ms cannot be written as text`);
    return this.#format.format(ms);
  }
}

function formOf(schema: Schema): Form {
  if (schema.name === CONNECT_TIMESTAMP) return 'Timestamp';
  if (schema.name === CONNECT_DATE) return 'Date';
  if (schema.name === CONNECT_TIME) return 'Time';
  if (schema.type === 'string') return 'string';
  if (schema.type === 'int64') return 'unix';
  const shown = schema.name === undefined ? javaType(schema) : `${schema.name}:${javaType(schema)}`;
  throw rejected('TYPE', `Schema Schema{${shown}} does not correspond to a known timestamp type format`);
}

function untypedForm(value: Value): Form {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))) return 'unix';
  throw rejected('TYPE', `TimestampConverter does not support class ${javaClass(null, value)} objects as timestamps`);
}

function untyped(value: bigint): Value {
  const asNumber = Number(value);
  return Number.isSafeInteger(asNumber) ? asNumber : value;
}

/** As `TimeUnit.toMillis`: cut off towards zero, the nearest end where it is beyond a long. */
function toMillis(value: bigint, unit: Unit): bigint {
  if (unit === 'seconds') return saturated(value * 1000n);
  if (unit === 'microseconds') return value / 1000n;
  return unit === 'nanoseconds' ? value / 1_000_000n : value;
}

function fromMillis(ms: bigint, unit: Unit): bigint {
  if (unit === 'seconds') return ms / 1000n;
  if (unit === 'microseconds') return saturated(ms * 1000n);
  return unit === 'nanoseconds' ? saturated(ms * 1_000_000n) : ms;
}

function saturated(value: bigint): bigint {
  if (value > LONG_MAX) return LONG_MAX;
  return value < -LONG_MAX - 1n ? -LONG_MAX - 1n : value;
}
