import { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { writeInteger } from '../../../runtime/record/json-number.ts';
import { intervalOf, microDurationOf } from '../../../runtime/record/semantic-types.ts';
import type { CellFormat } from './codec.ts';
import { IntervalParser } from './interval-parser.ts';
import type { TypeOptions } from './options.ts';

/** A month is 30.4375 days (a year 365.25), as in `io.debezium.time.MicroDuration`. */
const MONTH_US = 2_629_800_000_000;
const DAY_US = 86_400_000_000;
const HOUR_US = 3_600_000_000;
const MINUTE_US = 60_000_000;
const SECOND_US = 1_000_000;
const INT64_MAX = 0x7fffffffffffffffn;

const parser = new IntervalParser();

/** `interval`: microseconds, or ISO 8601 with every unit named. PostgreSQL 17's infinities are the ends of int64, or their names. */
export function intervalCodec(format: CellFormat, options: TypeOptions): CellCodec {
  return options.interval === 'numeric' ? numericInterval(format) : textInterval(format);
}

function numericInterval(format: CellFormat): CellCodec {
  return {
    schema: microDurationOf(),
    json: () => (bytes, at, length, writer) => {
      parser.read(bytes, at, length, format);
      const micros = smallMicros();
      if (Number.isSafeInteger(micros)) writeInteger(writer, micros);
      else writer.ascii(largeMicros().toString());
    },
    value: (bytes, at, length) => {
      parser.read(bytes, at, length, format);
      return largeMicros();
    },
  };
}

/** NaN where numbers do not suffice. */
function smallMicros(): number {
  if (parser.infinite !== 0 || !Number.isSafeInteger(parser.micros)) return Number.NaN;
  return parser.months * MONTH_US + parser.days * DAY_US + parser.micros;
}

function largeMicros(): bigint {
  if (parser.infinite !== 0) return parser.infinite > 0 ? INT64_MAX : -INT64_MAX - 1n;
  const micros = BigInt(parser.months) * BigInt(MONTH_US) + BigInt(parser.days) * BigInt(DAY_US) + parser.exactMicros();
  if (BigInt.asIntN(64, micros) === micros) return micros;
  throw new MillraceError('POSTGRES_INTERVAL_RANGE', 'an interval is longer than an int64 of microseconds', {
    kind: 'data',
    key: 'interval.handling.mode',
    remedy: 'Use interval.handling.mode=string.',
  });
}

function textInterval(format: CellFormat): CellCodec {
  const scratch = new ByteWriter(64);
  return {
    schema: intervalOf(),
    json: () => (bytes, at, length, writer) => {
      parser.read(bytes, at, length, format);
      writer.byte(0x22);
      writeIso(writer);
      writer.byte(0x22);
    },
    value: (bytes, at, length) => {
      parser.read(bytes, at, length, format);
      scratch.reset();
      writeIso(scratch);
      return scratch.bytes.toString('latin1', 0, scratch.length);
    },
  };
}

/** `P1Y2M3DT4H5M6.789S`; each unit has its own sign. */
function writeIso(writer: ByteWriter): void {
  if (parser.infinite !== 0) {
    writer.ascii(parser.infinite > 0 ? 'infinity' : '-infinity');
    return;
  }
  const { months, days } = parser;
  writer.byte(0x50);
  writeUnit(writer, Math.trunc(months / 12), 0x59);
  writeUnit(writer, months % 12, 0x4d);
  writeUnit(writer, days, 0x44);
  writer.byte(0x54);
  if (Number.isSafeInteger(parser.micros)) {
    const { micros } = parser;
    writeUnit(writer, Math.trunc(micros / HOUR_US), 0x48);
    writeUnit(writer, Math.trunc((micros % HOUR_US) / MINUTE_US), 0x4d);
    writeSeconds(writer, micros % MINUTE_US);
  } else {
    const exact = parser.exactMicros();
    writer.ascii(`${exact / BigInt(HOUR_US)}H`);
    const rest = Number(exact % BigInt(HOUR_US));
    writeUnit(writer, Math.trunc(rest / MINUTE_US), 0x4d);
    writeSeconds(writer, rest % MINUTE_US);
  }
}

function writeUnit(writer: ByteWriter, count: number, letter: number): void {
  writeInteger(writer, count === 0 ? 0 : count);
  writer.byte(letter);
}

/** Seconds from microseconds below a minute, with as many fraction digits as it takes. */
function writeSeconds(writer: ByteWriter, micros: number): void {
  if (micros < 0) writer.byte(0x2d);
  const rest = Math.abs(micros);
  writeInteger(writer, Math.floor(rest / SECOND_US));
  const fraction = rest % SECOND_US;
  if (fraction > 0) writer.ascii(`.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`);
  writer.byte(0x53);
}
