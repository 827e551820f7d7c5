import { TransactionCounts, type transactionLayouts } from '../../../runtime/change/transaction.ts';
import { NO_TIMESTAMP, type RowBlock } from '../../../runtime/record/row-block.ts';
import type { MetaCells } from './meta-cells.ts';

/**
 * `provide.transaction.metadata`: counts the events of the open transaction, writes the BEGIN and END records
 * and the counters of each row's transaction block.
 */
export class TransactionRecords {
  readonly #layouts: ReturnType<typeof transactionLayouts>;
  readonly #counts = new TransactionCounts();
  #id = '';

  constructor(layouts: ReturnType<typeof transactionLayouts>) {
    this.#layouts = layouts;
  }

  begin(id: string): void {
    this.#id = id;
    this.#counts.clear();
  }

  /** Counts an event whose row `meta.append` adds next. */
  count(collection: string, block: RowBlock, meta: MetaCells): void {
    const order = this.#counts.count(collection);
    meta.order(block, this.#counts.total, order);
  }

  /** Whether any event was counted. */
  get any(): boolean {
    return this.#counts.total > 0;
  }

  writeBegin(block: RowBlock, meta: MetaCells, sourceUs: string): void {
    block.begin(this.#layouts.begin, NO_TIMESTAMP);
    meta.texts(block, [this.#id, sourceUs]);
  }

  writeEnd(block: RowBlock, meta: MetaCells, sourceUs: string): void {
    const counts = this.#counts;
    block.begin(this.#layouts.end, NO_TIMESTAMP);
    meta.texts(block, [this.#id, sourceUs, String(counts.total), counts.collections()]);
  }
}
