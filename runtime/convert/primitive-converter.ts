import { MillraceError } from '../record/error.ts';
import { CONNECT_DATE, CONNECT_TIME, CONNECT_TIMESTAMP } from '../record/logical-types.ts';
import type { Datum, RawHeader } from '../record/record.ts';
import {
  OPTIONAL_BOOLEAN,
  OPTIONAL_DOUBLE,
  OPTIONAL_FLOAT,
  OPTIONAL_INT16,
  OPTIONAL_INT32,
  OPTIONAL_INT64,
} from '../record/schema-builder.ts';
import type { Schema } from '../record/schema.ts';
import type { Value } from '../record/value.ts';
import type { Converter } from './converter.ts';

/** How values of one primitive type stand as bytes: big-endian, as Kafka's serializers write them. */
interface Form {
  readonly schema: Schema;
  readonly size: number;
  /** undefined: not of the type. */
  readonly write: (value: Value) => Buffer | undefined;
  readonly read: (bytes: Buffer) => Value;
}

/** Kafka Connect's converters of one primitive type: `BooleanConverter`, `LongConverter`, … */
export class PrimitiveConverter implements Converter {
  readonly encoding = 'other';
  readonly schemaHeader = false;
  readonly #form: Form;

  constructor(type: PrimitiveName) {
    this.#form = FORMS[type];
  }

  encode(_topic: string, datum: Datum): Uint8Array | null {
    const { schema, value } = datum;
    const { type } = this.#form.schema;
    // As Kafka Connect: of numbers a null has any schema, and a date is no number.
    if (value === null && (schema === null || type !== 'boolean')) return null;
    if (schema !== null && schema.type !== type) throw wrong(`the ${type} converter takes ${type}, not ${schema.type}`);
    if (schema !== null && isInstant(schema)) throw wrong(`the ${type} converter takes numbers, not ${schema.name}`);
    if (value === null) return null;
    const bytes = this.#form.write(value);
    if (bytes === undefined) throw wrong(`the ${type} converter was given a value that is no ${type}`);
    return bytes;
  }

  decode(_topic: string, bytes: Uint8Array | null, _headers: readonly RawHeader[]): Datum {
    const { schema, size, read } = this.#form;
    if (bytes === null) return { schema, value: null };
    if (bytes.length !== size) throw wrong(`${bytes.length} bytes are no ${schema.type}, which has ${size}`);
    return { schema, value: read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)) };
  }
}

/** Written as a number, it would be read as one. */
function isInstant({ name }: Schema): boolean {
  return name === CONNECT_DATE || name === CONNECT_TIME || name === CONNECT_TIMESTAMP;
}

export type PrimitiveName = 'boolean' | 'short' | 'integer' | 'long' | 'float' | 'double';

const FORMS: Readonly<Record<PrimitiveName, Form>> = {
  boolean: {
    schema: OPTIONAL_BOOLEAN,
    size: 1,
    write: (value) => (typeof value === 'boolean' ? Buffer.of(value ? 1 : 0) : undefined),
    read: (bytes) => {
      if ((bytes[0] ?? 2) > 1) throw wrong('a byte that is neither 0 nor 1 is no boolean');
      return bytes[0] === 1;
    },
  },
  short: {
    schema: OPTIONAL_INT16,
    size: 2,
    write: (value) => integer(value, 16, (bytes, number) => bytes.writeInt16BE(number)),
    read: (bytes) => bytes.readInt16BE(),
  },
  integer: {
    schema: OPTIONAL_INT32,
    size: 4,
    write: (value) => integer(value, 32, (bytes, number) => bytes.writeInt32BE(number)),
    read: (bytes) => bytes.readInt32BE(),
  },
  long: {
    schema: OPTIONAL_INT64,
    size: 8,
    write: (value) => {
      const big = typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
      if (typeof big !== 'bigint' || BigInt.asIntN(64, big) !== big) return undefined;
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64BE(big);
      return bytes;
    },
    read: (bytes) => bytes.readBigInt64BE(),
  },
  float: {
    schema: OPTIONAL_FLOAT,
    size: 4,
    write: (value) => number(value, 4, (bytes, number) => bytes.writeFloatBE(number)),
    read: (bytes) => bytes.readFloatBE(),
  },
  double: {
    schema: OPTIONAL_DOUBLE,
    size: 8,
    write: (value) => number(value, 8, (bytes, number) => bytes.writeDoubleBE(number)),
    read: (bytes) => bytes.readDoubleBE(),
  },
};

type Put = (bytes: Buffer, value: number) => void;

function integer(value: Value, bits: number, put: Put): Buffer | undefined {
  const fits = typeof value === 'number' && value === (value << (32 - bits)) >> (32 - bits);
  return fits ? number(value, bits / 8, put) : undefined;
}

function number(value: Value, size: number, put: Put): Buffer | undefined {
  if (typeof value !== 'number') return undefined;
  const bytes = Buffer.alloc(size);
  put(bytes, value);
  return bytes;
}

function wrong(problem: string): MillraceError {
  return new MillraceError('CONVERT_TYPE', problem, {
    kind: 'data',
    remedy: 'Use the JSON converter for records of several types.',
  });
}
