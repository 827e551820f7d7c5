import type { SinkRecord } from '../../../runtime/connector/sink.ts';
import type { Datum } from '../../../runtime/record/record.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import { indexName } from '../index/index-name.ts';
import { placeOf, rejected } from '../record-errors.ts';
import type { DocumentSettings, Target } from '../settings.ts';
import { documentId, placeId, type IdSource } from './document-id.ts';
import { isPlainJson, type DocumentShape } from './document-json.ts';
import { envelopeSlices } from './envelope-slices.ts';
import { changeEvent } from './envelope.ts';
import { fieldAt, scalarText } from './field-path.ts';
import type { Operation } from './operation.ts';
import { timestampText } from './semantic-text.ts';

const WHOLE: DocumentShape = {};
const TIMESTAMP = new Set(['@timestamp']);
const OPEN_BRACE = 0x7b;
const LINE_FEED = 0x0a;
const SCHEMA_HEADER = 'millrace.schema';

/** Decides what operations a record is. Looks at nothing outside; throws `data` errors for records that are none. */
export class Planner {
  readonly #settings: DocumentSettings;
  readonly #targets = new Map<string, Target>();
  /** Schemas by the header that names them; of rows that may pass as they stand in the hub. */
  readonly #plain = new Map<string, { readonly schema: Schema | null; readonly plain: boolean }>();
  /** Ids and routing come from keys. */
  readonly #byKey: boolean;
  /** Of topics whose records are documents of their own in a stream. */
  readonly #topicId: (topic: string) => string;

  constructor(settings: DocumentSettings, topicId: (topic: string) => string) {
    this.#settings = settings;
    this.#topicId = topicId;
    this.#byKey = settings.routing?.of !== 'value' && settings.idPaths.every(({ of }) => of === 'key');
  }

  /** The operations of a record, in order; none where it is passed over. */
  plan(record: SinkRecord): readonly Operation[] {
    if (this.#settings.unwrap) return this.#unwrapped(record);
    if (record.tombstone) return this.#tombstone(record, undefined);
    return [this.#document(record)];
  }

  #unwrapped(record: SinkRecord): readonly Operation[] {
    if (record.tombstone) return this.#tombstone(record, undefined);
    const value = decodedOnce(record);
    const sliced = this.#sliced(record, value);
    if (sliced !== null) return [sliced];
    const event = changeEvent(record, value());
    if (event.kind === 'truncate') return this.#truncated(record);
    if (event.kind === 'delete') return this.#tombstone(record, event.before);
    const { after, before } = event;
    const written = this.#row(record, after, event.mayLeaveOut ? this.#settings.leftOut.of(after, before) : null);
    const left = before === undefined ? null : this.#movedFrom(record, before, written.index);
    return left === null ? [written] : [left, written];
  }

  /** The row as its JSON stands in the event, where nothing of it has to be looked at; null: it has to. */
  #sliced(record: SinkRecord, value: () => Datum): Operation | null {
    const { leftOut, method } = this.#settings;
    const { rawValue, encoding } = record;
    if (!this.#byKey || rawValue === null || encoding !== 'json') return null;
    const target = this.#target(record);
    if (target.kind === 'stream' || target.name.ofValue) return null;
    const slices = envelopeSlices(rawValue);
    if (slices === null || !isWhole(slices.op)) return null;
    const { after } = slices;
    if (after.includes(LINE_FEED) || leftOut.mayBeIn(after) || !this.#isPlain(record, ['after'], value)) return null;
    const source = sourceOf(record, () => undefined);
    const upsert = method === 'UPSERT';
    return {
      kind: upsert ? 'merge' : 'index',
      record,
      index: this.#index(record, source),
      id: this.#id(record, source),
      version: upsert ? null : this.#version(record),
      routing: this.#routing(record, source),
      raw: after,
      row: null,
      shape: WHOLE,
    };
  }

  /** A row that changed a field which names its index was in another one before. */
  #movedFrom(record: SinkRecord, before: Datum, now: string): Operation | null {
    const target = this.#target(record);
    if (target.kind === 'stream' || !target.name.ofValue) return null;
    const source = sourceOf(record, () => before);
    const index = indexName(target.name, nameOf(record), { record, source });
    return index === now ? null : this.#delete(record, index, source);
  }

  /** `missing`: columns that the event leaves out. */
  #row(record: SinkRecord, row: Datum, missing: ReadonlySet<string> | null): Operation {
    const { partialUpdates, method } = this.#settings;
    const source = sourceOf(record, () => row);
    const index = this.#index(record, source);
    const base = {
      record,
      index,
      id: this.#id(record, source),
      routing: this.#routing(record, source),
      raw: null,
      row,
    };
    const version = method === 'UPSERT' ? null : this.#version(record);
    if (missing === null) return { ...base, kind: method === 'UPSERT' ? 'merge' : 'index', version, shape: WHOLE };
    if (partialUpdates === 'refuse') throw unchanged(record, missing);
    return { ...base, kind: partialUpdates === 'merge' ? 'merge' : 'patch', version, shape: { omit: missing } };
  }

  #document(record: SinkRecord): Operation {
    const target = this.#target(record);
    const source = sourceOf(record, () => record.value());
    if (target.kind === 'stream') return this.#streamed(record, target.name, source);
    const { method, autogenerated } = this.#settings;
    const index = target.fixed ?? indexName(target.name, nameOf(record), { record, source });
    const keyless = this.#settings.keyIgnored(record.topic);
    const base = { record, index, routing: this.#routing(record, source), shape: WHOLE, ...this.#body(record, source) };
    if (autogenerated) return { ...base, kind: 'index', id: null, version: null };
    const id = keyless ? placeId(record, null) : this.#id(record, source);
    if (method === 'UPSERT') return { ...base, kind: 'merge', id, version: null };
    return { ...base, kind: 'index', id, version: keyless ? null : this.#version(record) };
  }

  /** Documents of a data stream are made once: their names are places in the hub, so a replay makes none again. */
  #streamed(record: SinkRecord, index: string, source: IdSource): Operation {
    const row = record.value();
    const { timestampFields, autogenerated } = this.#settings;
    const named = timestampFields
      .map((names) => fieldAt(row, names)?.value)
      .find((value) => value !== undefined && value !== null);
    const time = named === undefined ? undefined : scalarText(named);
    const present = timestampFields.length === 0 && fieldAt(row, ['@timestamp']) !== undefined;
    const json =
      time === undefined ? JSON.stringify(timestampText(BigInt(record.timestampMs) * 1_000_000n)) : timeJson(time);
    const shape: DocumentShape = present ? WHOLE : { omit: TIMESTAMP, first: [['@timestamp', json]] };
    const id = autogenerated ? null : placeId(record, this.#topicId(record.topic));
    return {
      kind: 'create',
      record,
      index,
      id,
      version: null,
      routing: this.#routing(record, source),
      raw: null,
      row,
      shape,
    };
  }

  /** The bytes as they stand in the hub where they are the document already, otherwise the value. */
  #body(record: SinkRecord, source: IdSource): { readonly raw: Uint8Array | null; readonly row: Datum | null } {
    const { rawValue: raw, encoding } = record;
    if (
      raw !== null &&
      encoding === 'json' &&
      raw[0] === OPEN_BRACE &&
      !raw.includes(LINE_FEED) &&
      this.#isPlain(record, [], () => record.value())
    ) {
      return { raw, row: null };
    }
    return { raw: null, row: source.value() ?? null };
  }

  /** Whether the JSON of a record, or of this part of it, needs no change: looked at once for all records of its schema. */
  #isPlain(record: SinkRecord, part: readonly string[], value: () => Datum): boolean {
    const id = schemaId(record);
    let known = this.#plain.get(id);
    if (known === undefined) {
      const schema = fieldAt(value(), part)?.schema ?? null;
      known = { schema, plain: schema === null || isPlainJson(schema) };
      this.#plain.set(id, known);
    }
    return known.plain;
  }

  /** The schema of an operation's row, where one is known. */
  schemaOf({ raw, row, record }: Operation): Schema | null {
    return raw === null ? (row?.schema ?? null) : (this.#plain.get(schemaId(record))?.schema ?? null);
  }

  #tombstone(record: SinkRecord, before: Datum | undefined): readonly Operation[] {
    const { nullValues } = this.#settings;
    const target = this.#target(record);
    if (nullValues === 'ignore') return [];
    if (nullValues === 'fail' || target.kind === 'stream' || this.#settings.keyIgnored(record.topic))
      throw nullValue(record);
    const source = sourceOf(record, () => before);
    // The delete before a tombstone has named the index; the tombstone itself cannot.
    if (target.name.ofValue && record.tombstone) return [];
    return [this.#delete(record, this.#index(record, source), source)];
  }

  #delete(record: SinkRecord, index: string, source: IdSource): Operation {
    const version = this.#settings.method === 'UPSERT' ? null : this.#version(record);
    const id = this.#id(record, source);
    return {
      kind: 'delete',
      record,
      index,
      id,
      version,
      routing: this.#routing(record, source),
      raw: null,
      row: null,
      shape: WHOLE,
    };
  }

  #truncated(record: SinkRecord): readonly Operation[] {
    if (this.#settings.onTruncate === 'ignore') return [];
    throw new MillraceError('ELASTICSEARCH_TRUNCATED', `${placeOf(record)}: the table was truncated`, {
      kind: 'conflict',
      key: 'millrace.on.truncate',
      remedy:
        'Delete the documents of the table, then set millrace.on.truncate=ignore; or build the index anew with `millrace reindex`.',
    });
  }

  #index(record: SinkRecord, source: IdSource): string {
    const target = this.#target(record);
    if (target.kind === 'stream') return target.name;
    return target.fixed ?? indexName(target.name, nameOf(record), { record, source });
  }

  #target(record: SinkRecord): Target {
    const name = nameOf(record);
    let target = this.#targets.get(name);
    if (target === undefined) {
      target = this.#settings.target(name);
      this.#targets.set(name, target);
    }
    return target;
  }

  #id(record: SinkRecord, source: IdSource): string {
    return documentId(record, this.#settings.idPaths, source);
  }

  #routing(record: SinkRecord, source: IdSource): string | null {
    const { routing } = this.#settings;
    if (routing === null) return null;
    const from = routing.of === 'key' ? source.key() : source.value();
    const found = from === undefined ? undefined : fieldAt(from, routing.names);
    const text = found === undefined ? undefined : scalarText(found.value);
    if (text !== undefined && text !== '') return text;
    throw rejected(
      record,
      'ELASTICSEARCH_ROUTING_MISSING',
      'the field to route by is missing, null, or no single value',
      {
        key: 'routing.type',
        remedy:
          'Route by a field that every record has; of deletes it stands in the key, or in `before` (REPLICA IDENTITY FULL).',
      },
    );
  }

  /** External versions come from the place in the hub, so that replays and late retries never win (I4). */
  #version(record: SinkRecord): bigint {
    const { versionHeader } = this.#settings;
    if (versionHeader === '') return record.offset;
    const header = record.headers.findLast(({ key }) => key === versionHeader)?.value;
    const text =
      header === undefined || header === null ? '' : Buffer.from(header).toString('utf8').replaceAll('"', '');
    if (/^\d{1,18}$/.test(text)) return BigInt(text);
    throw rejected(record, 'ELASTICSEARCH_VERSION_MISSING', `header ${versionHeader} is missing or no number`, {
      key: 'external.version.header',
      remedy: 'Give every record the header, or remove external.version.header to use offsets.',
    });
  }
}

/** Whether an event is of an image of a row: `c`, `r` or `u`, in quotes. */
function isWhole(op: Uint8Array): boolean {
  return op.length === 3 && (op[1] === 0x63 || op[1] === 0x72 || op[1] === 0x75);
}

/** What an index is named after: transforms may have renamed the topic. */
function nameOf({ topic, destination }: SinkRecord): string {
  return destination ?? topic;
}

function sourceOf(record: SinkRecord, value: () => Datum | undefined): IdSource {
  return { key: () => record.key(), value };
}

/** A large value in memory once: the first record of a schema is looked at twice. */
function decodedOnce(record: SinkRecord): () => Datum {
  let datum: Datum | undefined;
  return () => (datum ??= record.value());
}

function schemaId(record: SinkRecord): string {
  const header = record.headers.find(({ key }) => key === SCHEMA_HEADER)?.value;
  return header === undefined || header === null ? '' : Buffer.from(header).toString('latin1');
}

/** Numbers are milliseconds since 1970; texts are for the server to read. */
function timeJson(text: string): string {
  return /^-?\d+$/.test(text) ? text : JSON.stringify(text);
}

function nullValue(record: SinkRecord): MillraceError {
  return rejected(record, 'ELASTICSEARCH_NULL_VALUE', 'the record has no value', {
    key: 'behavior.on.null.values',
    remedy: 'Set behavior.on.null.values=delete to delete the document of the key, or ignore.',
  });
}

function unchanged(record: SinkRecord, columns: ReadonlySet<string>): MillraceError {
  const names = [...columns].join(', ');
  return rejected(record, 'ELASTICSEARCH_COLUMNS_LEFT_OUT', `the event leaves out unchanged columns: ${names}`, {
    key: 'millrace.partial.updates',
    remedy: 'Run `ALTER TABLE … REPLICA IDENTITY FULL` at the source, or set millrace.partial.updates=script.',
  });
}
