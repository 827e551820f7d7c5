import { asciiCodec } from '../../../runtime/record/ascii-codec.ts';
import { DAY_S, daysOfRecent, writeDate, writeDays, writeTime } from '../../../runtime/record/calendar.ts';
import type { CellCodec, CellJsonWriter } from '../../../runtime/record/cell-codec.ts';
import { writeInteger } from '../../../runtime/record/json-number.ts';
import { dateType, timestampType, timeType } from '../../../runtime/record/logical-types.ts';
import { primitive } from '../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import * as semantic from '../../../runtime/record/semantic-types.ts';
import type { Column } from '../catalog/table.ts';
import type { CellFormat, TypeOptions } from './options.ts';
import { TemporalReader } from './temporal-reader.ts';

/*
 * Dates and times as Debezium's `time.precision.mode` shows them. A date that is none of the calendar
 * (`0000-00-00`) is null, or 1970-01-01 where the column is NOT NULL, as Debezium has it; with `isostring`
 * it stays what it is.
 */

const reader = new TemporalReader();
const YEAR: Schema = primitive('int32', { name: 'io.debezium.time.Year', version: 1 });

/** Digits after the second in the unit of an int64. */
type Unit = 3 | 6 | 9;

export function yearCodec(format: CellFormat): CellCodec {
  const read = (bytes: Buffer, at: number, length: number): number => {
    if (format === 'text') return Number(bytes.toString('latin1', at, at + length));
    const stored = bytes[at] as number;
    return stored === 0 ? 0 : 1900 + stored;
  };
  return {
    schema: YEAR,
    json: () => (bytes, at, length, writer) => writeInteger(writer, read(bytes, at, length)),
    value: read,
  };
}

export function dateCodec(column: Column, format: CellFormat, options: TypeOptions): CellCodec {
  if (options.time === 'isostring') {
    return asciiCodec(semantic.isoDateOf(), (bytes, at, _length, writer) => {
      reader.date(bytes, at, format);
      writeDate(reader.year, reader.month, reader.day, writer);
      if (!reader.zero) writer.byte(0x5a);
    });
  }
  return numberCodec(options.time === 'connect' ? dateType() : semantic.dateOf(), column, (bytes, at) => {
    reader.date(bytes, at, format);
    return reader.zero ? Number.NaN : daysOfRecent(reader.year, reader.month, reader.day);
  });
}

/** `time` is a duration of up to 838 hours, perhaps negative. */
export function timeCodec(column: Column, format: CellFormat, options: TypeOptions): CellCodec {
  if (options.time === 'isostring') {
    return asciiCodec(semantic.isoTimeOf(), (bytes, at, length, writer) => {
      reader.time(bytes, at, length, column, format);
      if (reader.micros < 0) writer.byte(0x2d);
      writeTime(Math.abs(reader.micros), -1, writer);
      writer.byte(0x5a);
    });
  }
  const { schema, unit } = timeShape(column, options);
  return numberCodec(schema, column, (bytes, at, length) => {
    reader.time(bytes, at, length, column, format);
    if (unit === 3) return Math.trunc(reader.micros / 1000);
    return unit === 6 ? reader.micros : reader.micros * 1000;
  });
}

export function datetimeCodec(column: Column, format: CellFormat, options: TypeOptions): CellCodec {
  if (options.time === 'isostring') {
    return asciiCodec(semantic.isoTimestampOf(), (bytes, at, length, writer) => {
      reader.datetime(bytes, at, length, column, format);
      writeDate(reader.year, reader.month, reader.day, writer);
      writer.byte(0x54);
      writeTime(reader.micros, -1, writer);
      if (!reader.zero) writer.byte(0x5a);
    });
  }
  const { schema, unit } = datetimeShape(column, options);
  if (unit === 9) return nanosCodec(schema, column, format);
  if (unit === 6) return microsCodec(schema, column, format);
  return numberCodec(schema, column, (bytes, at, length) => {
    reader.datetime(bytes, at, length, column, format);
    return reader.zero ? Number.NaN : reader.daySeconds * 1000 + Math.floor(reader.micros / 1000);
  });
}

/** `timestamp`: ISO 8601 in UTC, with the fraction digits of the column. */
export function timestampCodec(column: Column, format: CellFormat): CellCodec {
  const write: CellJsonWriter = (bytes, at, length, writer) => {
    if (format === 'text') {
      reader.datetime(bytes, at, length, column, format);
      if (reader.zero) writeDays(0, writer);
      else writeDate(reader.year, reader.month, reader.day, writer);
      writer.byte(0x54);
      writeTime(reader.micros, column.precision, writer);
    } else {
      const days = Math.floor(reader.seconds / DAY_S);
      writeDays(days, writer);
      writer.byte(0x54);
      writeTime((reader.seconds - days * DAY_S) * 1_000_000 + reader.micros, column.precision, writer);
    }
    writer.byte(0x5a);
  };
  const read = (bytes: Buffer, at: number, length: number): boolean => {
    if (format === 'text') reader.datetime(bytes, at, length, column, format);
    else reader.timestamp(bytes, at, length, column);
    return reader.zero && !column.notNull;
  };
  const text = asciiCodec(semantic.zonedTimestampOf(), write);
  return {
    schema: text.schema,
    json: (options) => {
      const json = text.json(options);
      return (bytes, at, length, writer) => {
        if (read(bytes, at, length)) writer.ascii('null');
        else json(bytes, at, length, writer);
      };
    },
    value: (bytes, at, length) => (read(bytes, at, length) ? null : text.value(bytes, at, length)),
  };
}

/** A codec of safe integers; NaN is no value. */
function numberCodec(
  schema: Schema,
  column: Column,
  read: (bytes: Buffer, at: number, length: number) => number,
): CellCodec {
  const whenNone = column.notNull ? 0 : null;
  const wide = schema.type === 'int64';
  return {
    schema,
    json: () => (bytes, at, length, writer) => {
      const value = read(bytes, at, length);
      if (!Number.isNaN(value)) writeInteger(writer, value);
      else writer.ascii(String(whenNone));
    },
    value: (bytes, at, length) => {
      const found = read(bytes, at, length);
      const value = Number.isNaN(found) ? whenNone : found;
      return wide && value !== null ? BigInt(value) : value;
    },
  };
}

/** Microseconds of a datetime need 64 bits before 1684 and after 2255: `9999-12-31 23:59:59.999999`. */
function microsCodec(schema: Schema, column: Column, format: CellFormat): CellCodec {
  const value = (bytes: Buffer, at: number, length: number): bigint | null => {
    reader.datetime(bytes, at, length, column, format);
    if (reader.zero) return column.notNull ? 0n : null;
    return reader.exactMicros;
  };
  const json: CellJsonWriter = (bytes, at, length, writer) => {
    reader.datetime(bytes, at, length, column, format);
    const micros = reader.zero ? Number.NaN : reader.daySeconds * 1_000_000 + reader.micros;
    if (Number.isSafeInteger(micros)) writeInteger(writer, micros);
    else writer.ascii(String(value(bytes, at, length)));
  };
  return { schema, json: () => json, value };
}

/** Nanoseconds of a datetime need 64 bits. */
function nanosCodec(schema: Schema, column: Column, format: CellFormat): CellCodec {
  const value = (bytes: Buffer, at: number, length: number): bigint | null => {
    reader.datetime(bytes, at, length, column, format);
    if (reader.zero) return column.notNull ? 0n : null;
    return reader.exactMicros * 1000n;
  };
  return {
    schema,
    json: () => (bytes, at, length, writer) => writer.ascii(String(value(bytes, at, length))),
    value,
  };
}

function timeShape({ precision }: Column, { time }: TypeOptions): { schema: Schema; unit: Unit } {
  if (time === 'connect') return { schema: timeType(), unit: 3 };
  if (time === 'nanoseconds') return { schema: semantic.nanoTimeOf(), unit: 9 };
  if (time === 'adaptive' && precision <= 3) return { schema: semantic.timeOf(), unit: 3 };
  return { schema: semantic.microTimeOf(), unit: 6 };
}

function datetimeShape({ precision }: Column, { time }: TypeOptions): { schema: Schema; unit: Unit } {
  if (time === 'connect') return { schema: timestampType(), unit: 3 };
  if (time === 'nanoseconds') return { schema: semantic.nanoTimestampOf(), unit: 9 };
  if (time === 'microseconds') return { schema: semantic.microTimestampOf(), unit: 6 };
  return precision <= 3
    ? { schema: semantic.timestampOf(), unit: 3 }
    : { schema: semantic.microTimestampOf(), unit: 6 };
}
