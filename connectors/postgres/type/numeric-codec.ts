import { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import type { CellCodec, CellJsonWriter } from '../../../runtime/record/cell-codec.ts';
import { writeInteger, writeJsonDouble } from '../../../runtime/record/json-number.ts';
import { Decimal } from '../../../runtime/record/decimal.ts';
import { decimalType } from '../../../runtime/record/logical-types.ts';
import { DOUBLE, STRING } from '../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import { variableScaleDecimalOf } from '../../../runtime/record/semantic-types.ts';
import { struct, type Value } from '../../../runtime/record/value.ts';
import { rawInPlace, type RawBytes, type ToRawBytes } from './bytes-codec.ts';
import type { CellFormat } from './codec.ts';
import { decimalOf, isSpecial, refuseSpecial, scaleOf, writeUnscaled, writeUnscaledNumber } from './decimal-text.ts';
import { parseNumber } from './float-codec.ts';
import { smallUnscaled, writeNumericText } from './numeric-binary.ts';
import type { TypeOptions } from './options.ts';

const QUOTE = 0x22;
/** Decimals of at most this scale are plain numbers in Java's notation too. */
const PLAIN_SCALE = 6;

/** `numeric`: with a declared precision a Decimal of that scale, without one a VariableScaleDecimal. */
export function numericCodec(format: CellFormat, typmod: number, options: TypeOptions): CellCodec {
  const text = format === 'text' ? rawInPlace() : fromBinary();
  if (options.decimal !== 'precise') return plainCodec(text, options);
  if (typmod < 4) return variableScaleCodec(text, options);
  const modifier = typmod - 4;
  // Eleven bits, signed: PostgreSQL 15 allows scales from -1000.
  const scale = ((modifier & 0x7ff) ^ 0x400) - 0x400;
  const codec = decimalCodec(text, decimalType(scale, modifier >>> 16), scale, options);
  return format === 'binary' && scale >= 0 ? smallBinary(codec, scale) : codec;
}

/** Writes small binary numerics without the way over text. */
function smallBinary(codec: CellCodec, scale: number): CellCodec {
  return {
    ...codec,
    json: (jsonOptions) => {
      const large = codec.json(jsonOptions);
      if (jsonOptions.decimalFormat === 'NUMERIC') return large;
      return (bytes, at, length, writer) => {
        const small = smallUnscaled(bytes, at, scale);
        if (Number.isNaN(small)) large(bytes, at, length, writer);
        else writeUnscaledNumber(small, writer);
      };
    },
  };
}

/** A codec over decimal text for `decimal.handling.mode` string and double. */
export function plainCodec(text: ToRawBytes, options: TypeOptions): CellCodec {
  if (options.decimal === 'double') {
    const read = (bytes: Buffer, at: number, length: number): number => {
      const found = text(bytes, at, length);
      return parseNumber(found.bytes, found.at, found.length);
    };
    return {
      schema: DOUBLE,
      json: () => (bytes, at, length, writer) => writeJsonDouble(writer, read(bytes, at, length)),
      value: read,
    };
  }
  return {
    schema: STRING,
    json: () => (bytes, at, length, writer) => {
      const found = text(bytes, at, length);
      writer.byte(QUOTE);
      writer.copy(found.bytes, found.at, found.length);
      writer.byte(QUOTE);
    },
    value: (bytes, at, length) => {
      const found = text(bytes, at, length);
      return found.bytes.toString('latin1', found.at, found.at + found.length);
    },
    unavailable: options.unavailable,
  };
}

/** A codec over decimal text that always has `scale` digits behind the point. */
export function decimalCodec(text: ToRawBytes, schema: Schema, scale: number, options: TypeOptions): CellCodec {
  const drop = scale < 0 ? -scale : 0;
  const finite = (bytes: Buffer, at: number, length: number): RawBytes => {
    const found = text(bytes, at, length);
    if (isSpecial(found.bytes, found.at)) refuseSpecial(found.bytes, found.at, found.length);
    return found;
  };
  const base64: CellJsonWriter = (bytes, at, length, writer) => {
    const found = finite(bytes, at, length);
    writeUnscaled(found.bytes, found.at, found.length, drop, writer);
  };
  const numeric: CellJsonWriter = (bytes, at, length, writer) => {
    const found = finite(bytes, at, length);
    if (scale >= 0 && scale <= PLAIN_SCALE) writer.copy(found.bytes, found.at, found.length);
    else writer.ascii(decimalOf(found.bytes, found.at, found.length, drop).toScientific());
  };
  return {
    schema,
    json: ({ decimalFormat }) => (decimalFormat === 'NUMERIC' ? numeric : base64),
    value: (bytes, at, length) => {
      const found = finite(bytes, at, length);
      return decimalOf(found.bytes, found.at, found.length, drop);
    },
    unavailable: Decimal.fromBytes(Buffer.from(options.unavailable, 'utf8'), scale),
  };
}

const SCALE_FIELD = Buffer.from('{"scale":');
const VALUE_FIELD = Buffer.from(',"value":');

function variableScaleCodec(text: ToRawBytes, options: TypeOptions): CellCodec {
  return {
    schema: variableScaleDecimalOf(),
    json: () => (bytes, at, length, writer) => {
      const found = text(bytes, at, length);
      if (isSpecial(found.bytes, found.at)) refuseSpecial(found.bytes, found.at, found.length);
      writer.copy(SCALE_FIELD, 0, SCALE_FIELD.length);
      writeInteger(writer, scaleOf(found.bytes, found.at, found.length));
      writer.copy(VALUE_FIELD, 0, VALUE_FIELD.length);
      writeUnscaled(found.bytes, found.at, found.length, 0, writer);
      writer.byte(0x7d);
    },
    value: (bytes, at, length): Value => {
      const found = text(bytes, at, length);
      if (isSpecial(found.bytes, found.at)) refuseSpecial(found.bytes, found.at, found.length);
      const decimal = decimalOf(found.bytes, found.at, found.length, 0);
      return struct({ scale: decimal.scale, value: decimal.toBytes() });
    },
    unavailable: struct({ scale: 0, value: Buffer.from(options.unavailable, 'utf8') }),
  };
}

/** The text is written by `write` into bytes of its own. */
export function rewritten(write: (bytes: Buffer, at: number, length: number, writer: ByteWriter) => void): ToRawBytes {
  const scratch = new ByteWriter(128);
  const found: RawBytes = { bytes: scratch.bytes, at: 0, length: 0 };
  return (bytes, at, length) => {
    scratch.reset();
    write(bytes, at, length, scratch);
    found.bytes = scratch.bytes;
    found.length = scratch.length;
    return found;
  };
}

function fromBinary(): ToRawBytes {
  return rewritten((bytes, at, _length, writer) => writeNumericText(bytes, at, writer));
}
