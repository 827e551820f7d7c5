import type { SourceOffset, SourceRecord } from '../../connector/source.ts';
import { NO_TIMESTAMP, RowBlock } from '../../record/row-block.ts';
import type { LayoutNode, RowLayout } from '../../record/row-layout.ts';
import type { Value } from '../../record/value.ts';
import type { TransformChain } from '../../transform/chain.ts';
import { datumOf } from '../../transform/side.ts';
import { TransformFailure } from '../../transform/transform-failure.ts';
import { TransformRecord } from '../../transform/transform-record.ts';
import type { EncodableRecord } from './record-encoder.ts';
import { RowRouting } from './row-routing.ts';
import type { SourceRejects } from './source-rejects.ts';

/**
 * The chain of a source task. Rows stay rows where what becomes of them is told by their layouts;
 * else they become values once, here, and what comes out is encoded record by record. A record that the chain does not take stops the run, or is kept for the dead letters of the
 * same shipment (I5).
 */
export class SourceTransforms {
  readonly #chain: TransformChain;
  readonly #rejects: SourceRejects;
  readonly #routing: RowRouting;

  constructor(chain: TransformChain, rejects: SourceRejects) {
    this.#chain = chain;
    this.#rejects = rejects;
    this.#routing = new RowRouting(chain);
  }

  /** The records in their order, those that a record became in its place. */
  apply(records: RowBlock | readonly SourceRecord[]): RowBlock | readonly EncodableRecord[] {
    const out: TransformRecord[] = [];
    if (records instanceof RowBlock) {
      const routed = this.#routing.apply(records);
      if (routed !== null) return routed;
      for (let row = 0; row < records.count; row++) {
        this.#pass(out, () => fromRow(records, row, records.layout(row)));
      }
    } else {
      for (const record of records) this.#pass(out, () => fromRecord(record), record.source);
    }
    return out.map(encodable);
  }

  #pass(out: TransformRecord[], make: () => TransformRecord, source?: SourceOffset): void {
    try {
      this.#chain.apply(make(), out);
    } catch (error) {
      if (!(error instanceof TransformFailure)) throw error;
      const { className, error: failure } = error;
      const from = source === undefined ? {} : { source };
      this.#rejects.failed({
        record: { ...encodable(make()), ...from },
        stage: 'TRANSFORMATION',
        className,
        error: failure,
      });
    }
  }
}

/** As the encoder takes it. A record that a chain made null is a tombstone in the hub, whatever schema it still has. */
export function encodable(record: TransformRecord): EncodableRecord {
  return {
    topic: record.topic,
    partition: record.partition,
    key: datumOf(record.keySchema, record.key),
    value: datumOf(record.valueSchema, record.value),
    headers: record.headers,
    timestampMs: record.timestampMs,
  };
}

/** A connector's record as a chain takes it. */
export function fromRecord(record: SourceRecord): TransformRecord {
  return new TransformRecord({
    topic: record.topic,
    partition: record.partition,
    keySchema: record.key?.schema ?? null,
    key: record.key?.value ?? null,
    valueSchema: record.value?.schema ?? null,
    value: record.value?.value ?? null,
    headers: record.headers ?? [],
    timestampMs: record.timestampMs,
  });
}

/** A row as values. */
export function fromRow(block: RowBlock, row: number, layout: RowLayout): TransformRecord {
  const time = block.timestampMs[row] ?? NO_TIMESTAMP;
  const value = (node: LayoutNode | null): Value => (node === null ? null : block.value(row, node));
  return new TransformRecord({
    topic: layout.topic,
    partition: layout.partition,
    keySchema: layout.key?.schema ?? null,
    key: value(layout.key),
    valueSchema: layout.value?.schema ?? null,
    value: value(layout.value),
    headers: layout.headers.map(({ key, node }) => ({ key, schema: node.schema, value: block.value(row, node) })),
    timestampMs: time === NO_TIMESTAMP ? undefined : time,
  });
}
