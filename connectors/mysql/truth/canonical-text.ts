import type { CanonicalForm } from '../../../runtime/connector/truth.ts';
import { daysOfRecent } from '../../../runtime/record/calendar.ts';
import type { Column } from '../catalog/table.ts';
import { columnCodec } from '../type/codec.ts';
import type { TypeOptions } from '../type/options.ts';
import { TemporalReader } from '../type/temporal-reader.ts';

/** How a column is compared: its form, and the canonical text of a text cell; null: the event shows null. */
export interface CanonicalColumn {
  readonly form: CanonicalForm;
  text(bytes: Buffer, at: number, length: number): string | null;
}

const reader = new TemporalReader();
const scratch = Buffer.alloc(8);

const latin = (bytes: Buffer, at: number, length: number): string => bytes.toString('latin1', at, at + length);

/** A whole number, without the zeros that `zerofill` puts before it. */
const digits = (bytes: Buffer, at: number, length: number): string => {
  const text = latin(bytes, at, length);
  return text.length > 1 && text.startsWith('0') ? text.replace(/^0+(?=\d)/, '') : text;
};

/** undefined: the type has no canonical form. */
export function canonicalColumn(column: Column, options: TypeOptions): CanonicalColumn | undefined {
  switch (column.type) {
    case 'tinyint':
    case 'smallint':
    case 'mediumint':
    case 'int':
      return { form: 'integer', text: digits };
    case 'year':
      return { form: 'integer', text: (bytes, at, length) => String(Number(latin(bytes, at, length))) };
    case 'bigint':
      return bigint(column, options);
    case 'decimal':
      return { form: 'decimal', text: (bytes, at, length) => plain(digits(bytes, at, length)) };
    case 'float':
      return { form: 'float', text: (bytes, at, length) => floatHex(Number(latin(bytes, at, length))) };
    case 'double':
      return { form: 'double', text: (bytes, at, length) => doubleHex(Number(latin(bytes, at, length))) };
    case 'bit':
      return bits(column, options);
    case 'binary':
    case 'varbinary':
    case 'blob':
      return { form: 'bytes', text: (bytes, at, length) => bytes.toString('hex', at, at + length) };
    case 'date':
    case 'time':
    case 'datetime':
    case 'timestamp':
      return temporal(column);
    case 'geometry':
    case 'point':
    case 'vector':
      return undefined;
    default:
      return { form: 'text', text: (bytes, at, length) => bytes.toString('utf8', at, at + length) };
  }
}

function bigint({ unsigned }: Column, options: TypeOptions): CanonicalColumn {
  if (unsigned && options.unsignedBigint === 'long') {
    return {
      form: 'integer',
      text: (bytes, at, length) => String(BigInt.asIntN(64, BigInt(latin(bytes, at, length)))),
    };
  }
  return { form: unsigned ? 'decimal' : 'integer', text: digits };
}

function bits(column: Column, options: TypeOptions): CanonicalColumn {
  const codec = columnCodec(column, 'text', options);
  return {
    form: column.length <= 1 ? 'boolean' : 'bytes',
    text: (bytes, at, length) => {
      const value = codec.value(bytes, at, length);
      return Buffer.isBuffer(value) ? value.toString('hex') : value === true ? 'true' : 'false';
    },
  };
}

function temporal(column: Column): CanonicalColumn {
  const whenNone = column.notNull ? '0' : null;
  switch (column.type) {
    case 'date':
      return {
        form: 'days',
        text: (bytes, at) => {
          reader.date(bytes, at, 'text');
          return reader.zero ? whenNone : String(daysOfRecent(reader.year, reader.month, reader.day));
        },
      };
    case 'time':
      return {
        form: 'micros',
        text: (bytes, at, length) => {
          reader.time(bytes, at, length, column, 'text');
          return String(reader.micros);
        },
      };
    default:
      return {
        form: 'micros',
        text: (bytes, at, length) => {
          reader.datetime(bytes, at, length, column, 'text');
          if (reader.zero) return whenNone;
          return String(reader.exactMicros);
        },
      };
  }
}

/** Without trailing zeros of the fraction. */
function plain(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function floatHex(value: number): string {
  scratch.writeFloatBE(value);
  return scratch.toString('hex', 0, 4);
}

function doubleHex(value: number): string {
  scratch.writeDoubleBE(value);
  return scratch.toString('hex', 0, 8);
}
