import type { SinkRecord } from '../../runtime/connector/sink.ts';
import { ByteWriter } from '../../runtime/record/byte-writer.ts';
import { writeJson } from '../../runtime/record/value-json.ts';

const QUOTE = 0x22;
const LINE_FEED = 10;
const NULL = Buffer.from('null');
const JSON_OPTIONS = { decimalFormat: 'NUMERIC', replaceNullWithDefault: true } as const;

/**
 * A record's value as a line, without its end: a text as it is, `null` for no value, anything else
 * as JSON. JSON in the hub is passed on unread. Throws a `data` error where it cannot be decoded.
 */
export function lineOf(record: SinkRecord): Uint8Array {
  const { rawValue, encoding } = record;
  if (record.tombstone) return NULL;
  if (rawValue !== null && encoding === 'string') return rawValue;
  if (rawValue !== null && encoding === 'json' && rawValue[0] !== QUOTE && !rawValue.includes(LINE_FEED))
    return rawValue;
  const { schema, value } = record.value();
  if (value === null) return NULL;
  if (typeof value === 'string') return Buffer.from(value);
  if (value instanceof Uint8Array) return value;
  const writer = new ByteWriter();
  writeJson(writer, schema, value, JSON_OPTIONS);
  return writer.view();
}
