import type { SinkRecord } from '../../connector/sink.ts';
import type { RecordCursor } from '../../hub/batch/record-cursor.ts';
import { MillraceError } from '../../record/error.ts';
import { topicPartitionName, type Datum } from '../../record/record.ts';
import type { Schema } from '../../record/schema.ts';
import { messageOf } from '../../record/thrown.ts';
import type { SchemaCatalog } from '../../store/schema-catalog.ts';
import { schemaIdsOf } from '../schema-header.ts';
import type { TaskConverters } from '../task-converters.ts';

type Coordinates = Pick<SinkRecord, 'topic' | 'partition' | 'offset' | 'headers'>;

/** Decodes keys and values on demand, with the schemas that schema headers name. */
export class RecordDecoder {
  readonly encoding: SinkRecord['encoding'];
  readonly keyEncoding: SinkRecord['encoding'];
  readonly #converters: TaskConverters;
  readonly #catalog: Pick<SchemaCatalog, 'find'>;
  /** Headers looked at last: most records of a batch carry the same. */
  #lastHeaders = Buffer.alloc(0);

  constructor(converters: TaskConverters, catalog: Pick<SchemaCatalog, 'find'>) {
    this.#converters = converters;
    this.#catalog = catalog;
    this.encoding = converters.value.encoding;
    this.keyEncoding = converters.key.encoding;
  }

  key(record: Coordinates, bytes: Buffer | null): Datum {
    const { key } = this.#converters;
    const { headers } = record;
    const schema = key.schemaHeader && bytes !== null ? this.#schema(record, schemaIdsOf(headers).key) : undefined;
    return decoded(record, 'key', () => key.decode(record.topic, bytes, headers, schema));
  }

  value(record: Coordinates, bytes: Buffer | null): Datum {
    const { value } = this.#converters;
    const { headers } = record;
    const schema = value.schemaHeader && bytes !== null ? this.#schema(record, schemaIdsOf(headers).value) : undefined;
    return decoded(record, 'value', () => value.decode(record.topic, bytes, headers, schema));
  }

  /** Whether the record's headers name a schema that is not known yet: `SchemaCatalog.load` helps. */
  isMissingSchema(at: RecordCursor): boolean {
    const { bytes, headersAt, headersLength } = at;
    if (headersLength <= 1) return false;
    const end = headersAt + headersLength;
    if (headersLength === this.#lastHeaders.length && this.#lastHeaders.compare(bytes, headersAt, end) === 0) {
      return false;
    }
    const { key, value } = schemaIdsOf(at.headers());
    const missing = (id: string | null): boolean => id !== null && this.#catalog.find(id) === undefined;
    if (missing(key) || missing(value)) return true;
    this.#lastHeaders = Buffer.from(bytes.subarray(headersAt, end));
    return false;
  }

  #schema(record: Coordinates, id: string | null): Schema | undefined {
    if (id === null) return undefined;
    const schema = this.#catalog.find(id);
    if (schema !== undefined) return schema;
    throw new MillraceError(
      'TASK_SCHEMA_UNKNOWN',
      `record ${coordinates(record)} names schema ${id}, which the schema topic does not hold`,
      { kind: 'data', remedy: 'Copy the schema topic (millrace-schemas) along with the topics that use it.' },
    );
  }
}

export function coordinates(record: Pick<SinkRecord, 'topic' | 'partition' | 'offset'>): string {
  return `${topicPartitionName(record)} at offset ${record.offset}`;
}

function decoded(record: Coordinates, part: string, decode: () => Datum): Datum {
  try {
    return decode();
  } catch (cause) {
    const reason = messageOf(cause);
    throw new MillraceError('TASK_RECORD_UNREADABLE', `decoding the ${part} of ${coordinates(record)}: ${reason}`, {
      kind: 'data',
      cause,
      remedy: `Check that ${part}.converter is the one the topic was written with.`,
    });
  }
}
