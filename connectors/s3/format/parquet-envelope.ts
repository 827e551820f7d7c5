import type { SchemaElement } from 'hyparquet-writer';
import type { SinkRecord } from '../../../runtime/connector/sink.ts';
import { timestampType } from '../../../runtime/record/logical-types.ts';
import {
  arrayOf,
  field,
  INT32,
  INT64,
  OPTIONAL_BYTES,
  STRING,
  structOf,
} from '../../../runtime/record/schema-builder.ts';
import { columnTree, type ColumnTree, type LeafColumn } from './parquet-columns.ts';

const HEADER = structOf([field('key', STRING), field('value', OPTIONAL_BYTES)]);

/** What `millrace.envelope` puts before key and value: topic, partition, offset, timestamp, headers. */
export class EnvelopeColumns {
  readonly #topic = columnTree('topic', STRING);
  readonly #partition = columnTree('partition', INT32);
  readonly #offset = columnTree('offset', INT64);
  readonly #timestamp = columnTree('timestamp', timestampType());
  readonly #headers = columnTree('headers', arrayOf(HEADER));
  readonly #trees: readonly ColumnTree[] = [this.#topic, this.#partition, this.#offset, this.#timestamp, this.#headers];

  get columns(): number {
    return this.#trees.length;
  }

  get elements(): readonly SchemaElement[] {
    return this.#trees.flatMap((tree) => tree.elements);
  }

  get leaves(): readonly LeafColumn[] {
    return this.#trees.flatMap((tree) => tree.leaves);
  }

  shred(record: SinkRecord): void {
    this.#topic.shred(record.topic, 0, 0);
    this.#partition.shred(record.partition, 0, 0);
    this.#offset.shred(record.offset, 0, 0);
    this.#timestamp.shred(BigInt(record.timestampMs), 0, 0);
    this.#headers.shred(
      record.headers.map(({ key, value }) => ({ key, value })),
      0,
      0,
    );
  }
}
