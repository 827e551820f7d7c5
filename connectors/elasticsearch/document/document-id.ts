import type { SinkRecord } from '../../../runtime/connector/sink.ts';
import type { Datum } from '../../../runtime/record/record.ts';
import { rejected } from '../record-errors.ts';
import { fieldAt, scalarText, type FieldPath } from './field-path.ts';
import { Decimal } from '../../../runtime/record/decimal.ts';

/** The server's limit, in bytes of UTF-8. */
const MAX_ID_BYTES = 512;
const SEPARATOR = '|';

/** Where the fields of an id come from. */
export interface IdSource {
  readonly key: () => Datum;
  /** The row or value; undefined: the record has none. */
  readonly value: () => Datum | undefined;
}

/** The id of a record that is a document of its own. `topicId`: keeps those of a topic made anew apart. */
export function placeId({ topic, partition, offset }: SinkRecord, topicId: string | null): string {
  return `${topicId === null ? '' : `${topicId.slice(0, 8)}+`}${topic}+${partition}+${offset}`;
}

/**
 * The id of a keyed record: the text of its key, or of its fields in order with `|` between; in a field
 * `|` and `\` have a `\` before them where there are several, so no two keys have one id.
 */
export function documentId(record: SinkRecord, paths: readonly FieldPath[], source: IdSource): string {
  const parts = paths.length === 0 ? keyParts(record, source.key()) : paths.map((path) => part(record, path, source));
  const [only = ''] = parts;
  const id = parts.length === 1 ? only : parts.map((text) => text.replaceAll(/[\\|]/g, '\\$&')).join(SEPARATOR);
  if (id === '') throw rejected(record, 'ELASTICSEARCH_NO_KEY', 'the key is empty', NO_KEY);
  if (id.length * 3 > MAX_ID_BYTES && Buffer.byteLength(id) > MAX_ID_BYTES) {
    throw rejected(record, 'ELASTICSEARCH_ID_TOO_LONG', `the id has more than ${MAX_ID_BYTES} bytes`, {
      key: 'millrace.id.fields',
      remedy: 'Name shorter fields in millrace.id.fields.',
    });
  }
  return id;
}

const NO_KEY = {
  key: 'key.ignore',
  remedy: 'Give the records keys, name fields in millrace.id.fields, or set key.ignore=true.',
};

function keyParts(record: SinkRecord, key: Datum): string[] {
  const { value } = key;
  if (value === null) throw rejected(record, 'ELASTICSEARCH_NO_KEY', 'the record has no key', NO_KEY);
  const whole = scalarText(value);
  if (whole !== undefined) return [whole];
  if (Array.isArray(value) || value instanceof Uint8Array || value instanceof Decimal) throw noText(record, 'the key');
  const fields = value instanceof Map ? [...value] : Object.entries(value);
  return fields.map(([name, field]) => {
    const text = scalarText(field);
    if (text === undefined) throw noText(record, `field ${String(name)} of the key`);
    return text;
  });
}

function part(record: SinkRecord, { of, names }: FieldPath, source: IdSource): string {
  const from = of === 'key' ? source.key() : source.value();
  const found = from === undefined ? undefined : fieldAt(from, names);
  const text = found === undefined ? undefined : scalarText(found.value);
  if (text === undefined) throw noText(record, `field ${[of, ...names].join('.')}`);
  return text;
}

function noText(record: SinkRecord, what: string) {
  return rejected(record, 'ELASTICSEARCH_ID_MISSING', `${what} is missing, null, or no single value`, {
    key: 'millrace.id.fields',
    remedy:
      'Name fields in millrace.id.fields that every record has; of deletes they stand in the key, or in `before`.',
  });
}
