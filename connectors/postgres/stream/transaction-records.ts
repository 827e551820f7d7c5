import { TransactionCounts, type transactionLayouts } from '../../../runtime/change/transaction.ts';
import { NO_TIMESTAMP, type RowBlock } from '../../../runtime/record/row-block.ts';
import { grow, type MetaCells } from './meta-cells.ts';

/**
 * `provide.transaction.metadata`: counts the events of the open transaction, writes the BEGIN and
 * END records and the counters of each row's transaction block.
 */
export class TransactionRecords {
  readonly #layouts: ReturnType<typeof transactionLayouts>;
  readonly #counts = new TransactionCounts();
  #id = '';
  #timeUs = '0';

  constructor(layouts: ReturnType<typeof transactionLayouts>) {
    this.#layouts = layouts;
  }

  begin(id: string, timeUs: bigint): void {
    this.#id = id;
    this.#timeUs = String(timeUs);
    this.#counts.clear();
  }

  /** Counts an event whose row `meta.append` adds next. A logical message counts under ''. */
  count(collection: string, block: RowBlock, meta: MetaCells): void {
    const order = this.#counts.count(collection);
    meta.order(block, this.#counts.total, order);
  }

  writeBegin(block: RowBlock, meta: MetaCells): void {
    this.#write(this.#layouts.begin, block, meta, [this.#id, this.#timeUs]);
  }

  writeEnd(block: RowBlock, meta: MetaCells): void {
    const counts = this.#counts;
    this.#write(this.#layouts.end, block, meta, [this.#id, this.#timeUs, String(counts.total), counts.collections()]);
  }

  #write(
    layout: ReturnType<typeof transactionLayouts>['begin'],
    block: RowBlock,
    meta: MetaCells,
    texts: readonly string[],
  ): void {
    block.begin(layout, NO_TIMESTAMP);
    for (const text of texts) {
      if (meta.at + text.length * 3 > block.arena.length) grow(block, meta.at, text.length * 3);
      const length = block.arena.write(text, meta.at, 'utf8');
      block.cell(meta.at, length);
      meta.at += length;
    }
  }
}
