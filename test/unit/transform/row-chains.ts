import type { RowBlock } from '../../../runtime/record/row-block.ts';
import { forEachRecord } from '../../../runtime/hub/batch/record-cursor.ts';
import { RecordEncoder, type EncodableRecord, type Failures } from '../../../runtime/task/source/record-encoder.ts';
import { RowEncoder } from '../../../runtime/task/source/row-encoder.ts';
import { RowRouting } from '../../../runtime/task/source/row-routing.ts';
import { SchemaHeaders } from '../../../runtime/task/source/schema-headers.ts';
import { SourceOutput } from '../../../runtime/task/source/source-output.ts';
import { encodable, fromRow } from '../../../runtime/task/source/chain-record.ts';
import { taskConverters } from '../../../runtime/task/task-converters.ts';
import { createChain, type TransformChain } from '../../../runtime/transform/chain.ts';
import { TransformFailure } from '../../../runtime/transform/transform-failure.ts';
import type { TransformRecord } from '../../../runtime/transform/transform-record.ts';
import { memoryCatalog, partitionsOnly } from '../task/source/encoder-parts.ts';

export type Config = Readonly<Record<string, string>>;

/** What stands in the hub, batch by batch, and what was refused; bytes as text, one character each. */
export interface Stored {
  readonly records: readonly unknown[];
  readonly refused: readonly string[];
}

export function chainOf(config: Config): TransformChain {
  const chain = createChain(config);
  if (chain === null) throw new Error('no chain');
  return chain;
}

class Store {
  readonly records: unknown[] = [];
  readonly refused: string[] = [];
  readonly output: SourceOutput;
  readonly converters;
  readonly headers;
  readonly failures: Failures;

  constructor(worker: Config) {
    this.output = new SourceOutput({
      producer: partitionsOnly(4),
      compression: 'none',
      batchBytes: 1e6,
      unsentBytes: 1e9,
      send: (topic, partition, batch) => {
        forEachRecord(batch, (at) => {
          const text = (bytes: Uint8Array | null | undefined): string | null =>
            bytes === null || bytes === undefined ? null : Buffer.from(bytes).toString('latin1');
          const headers = at.headers().map(({ key, value }) => `${key}=${text(value)}`);
          const { timestampMs } = at;
          this.records.push({ topic, partition, key: text(at.key()), value: text(at.value()), headers, timestampMs });
        });
      },
    });
    this.converters = taskConverters({ config: {}, worker });
    this.headers = new SchemaHeaders(memoryCatalog(), this.converters);
    this.failures = {
      failed: ({ record, stage }) => void this.refused.push(`${stage} of ${record.topic}`),
    };
  }
}

/** Rows through the chain as rows; null: it wants their values. */
export async function asRows(block: RowBlock, chain: TransformChain, worker: Config): Promise<Stored | null> {
  const made = new RowRouting(chain).apply(block);
  if (made === null) return null;
  const store = new Store(worker);
  const encoder = new RowEncoder(store.converters, store.headers, store.output);
  await encoder.prepare(made);
  encoder.encode(made, 99, store.failures);
  store.output.flush();
  return store;
}

/** The same rows as values. */
export async function asValues(block: RowBlock, chain: TransformChain, worker: Config): Promise<Stored> {
  const store = new Store(worker);
  const records: EncodableRecord[] = [];
  for (let row = 0; row < block.count; row++) {
    const out: TransformRecord[] = [];
    try {
      chain.apply(fromRow(block, row, block.layout(row)), out);
    } catch (error) {
      if (!(error instanceof TransformFailure)) throw error;
      store.refused.push(`${error.className}: ${error.message}`);
    }
    records.push(...out.map(encodable));
  }
  const encoder = new RecordEncoder(store.converters, store.headers, store.output);
  await encoder.prepare(records);
  encoder.encode(records, 99, store.failures);
  store.output.flush();
  return store;
}
