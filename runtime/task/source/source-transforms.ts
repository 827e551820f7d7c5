import type { SourceOffset, SourceRecord } from '../../connector/source.ts';
import { RowBlock } from '../../record/row-block.ts';
import type { TransformChain } from '../../transform/chain.ts';
import { TransformFailure } from '../../transform/transform-failure.ts';
import type { TransformRecord } from '../../transform/transform-record.ts';
import { encodable, fromRecord, fromRow } from './chain-record.ts';
import { undecodedRow } from './failed-row.ts';
import type { EncodableRecord } from './record-encoder.ts';
import { RowRouting } from './row-routing.ts';
import type { SourceRejects } from './source-rejects.ts';
import { unencodable } from './unencodable.ts';

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
      for (let row = 0; row < records.count; row++) this.#row(records, row, out);
    } else {
      for (const record of records) this.#pass(out, () => fromRecord(record), record.source);
    }
    return out.map(encodable);
  }

  /** A row whose cells cannot be decoded is one that the chain does not take. */
  #row(block: RowBlock, row: number, out: TransformRecord[]): void {
    const layout = block.layout(row);
    let record: TransformRecord;
    try {
      record = fromRow(block, row, layout);
    } catch (cause) {
      const error = unencodable(layout.topic, cause);
      const what = { stage: 'TASK_POLL', className: '', error } as const;
      this.#rejects.failed({ ...what, ...undecodedRow(block, row) });
      return;
    }
    let first: TransformRecord | null = record;
    // The chain may change what it is given: a failure is told with the row as it was.
    this.#pass(out, () => {
      const given = first ?? fromRow(block, row, layout);
      first = null;
      return given;
    });
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
