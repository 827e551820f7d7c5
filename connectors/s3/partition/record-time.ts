import type { SinkRecord } from '../../../runtime/connector/sink.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { Datum } from '../../../runtime/record/record.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import type { Value } from '../../../runtime/record/value.ts';
import { placeOf } from '../record-errors.ts';

/** The time by which a record is partitioned and rotated, epoch milliseconds. */
export type RecordTime = (record: SinkRecord, nowMs: number) => number;

/** Divisors of the time types that are not milliseconds. */
const UNITS: Readonly<Record<string, number>> = {
  'io.debezium.time.MicroTimestamp': 1_000,
  'io.debezium.time.NanoTimestamp': 1_000_000,
};
const DATES = new Set(['io.debezium.time.Date', 'org.apache.kafka.connect.data.Date']);
const DAY_MS = 86_400_000;

export function recordTime(extractor: 'Wallclock' | 'Record' | 'RecordField', field: string): RecordTime {
  switch (extractor) {
    case 'Wallclock':
      return (_record, nowMs) => nowMs;
    case 'Record':
      return (record) => record.timestampMs;
    case 'RecordField': {
      const path = field.split('.');
      return (record) => fieldTime(record, path, field);
    }
  }
}

/** A tombstone has no fields: it goes by its own time. Throws a `data` error where there is no time. */
function fieldTime(record: SinkRecord, path: readonly string[], field: string): number {
  if (record.tombstone) return record.timestampMs;
  const { schema, value } = descend(record.value(), path);
  const ms = toMs(value, schema);
  if (ms !== null) return ms;
  throw new MillraceError(
    'S3_TIMESTAMP_FIELD_INVALID',
    `${placeOf(record)}: the field ${field} is ${value === null ? 'missing or null' : 'not a time'}`,
    {
      kind: 'data',
      key: 'timestamp.field',
      remedy: 'Name a field with a timestamp, epoch milliseconds or ISO 8601 text, or use timestamp.extractor=Record.',
    },
  );
}

function descend(datum: Datum, path: readonly string[]): Datum {
  let { schema, value } = datum;
  for (const name of path) {
    if (value instanceof Map) {
      schema = schema?.valueSchema ?? null;
      value = (value.get(name) as Value | undefined) ?? null;
    } else if (value !== null && typeof value === 'object' && Object.hasOwn(value, name)) {
      schema = schema?.fields?.find((candidate) => candidate.name === name)?.schema ?? null;
      value = (value as { readonly [name: string]: Value })[name] ?? null;
    } else {
      return { schema: null, value: null };
    }
  }
  return { schema, value };
}

function toMs(value: Value, schema: Schema | null): number | null {
  const name = schema?.name ?? '';
  if (typeof value === 'number' || typeof value === 'bigint') {
    const count = Number(value);
    if (DATES.has(name)) return count * DAY_MS;
    return Math.floor(count / (UNITS[name] ?? 1));
  }
  if (typeof value !== 'string' || value === '') return null;
  const ms = /^-?\d+$/.test(value) ? Number(value) : Date.parse(withZone(value));
  return Number.isFinite(ms) ? ms : null;
}

/** A time without a zone is in UTC, whatever the zone of this machine. */
function withZone(text: string): string {
  return /T[\d:.]+$/.test(text) ? `${text}Z` : text;
}
