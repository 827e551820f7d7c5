/**
 * The last transactions that were streamed, in commit order. One whose commit record was streamed
 * may stay invisible to new snapshots for a while (with synchronous replication for as long as the
 * standby needs).
 */
export class RecentTransactions {
  readonly #xids: Float64Array;
  #count = 0;

  constructor(capacity = 65_536) {
    this.#xids = new Float64Array(capacity);
  }

  /** Transactions ever added. */
  get count(): number {
    return this.#count;
  }

  add(xid: number): void {
    this.#xids[this.#count % this.#xids.length] = xid;
    this.#count++;
  }

  /** Whether the test holds for one of the first `count`, as far back as they are kept. */
  someBefore(count: number, test: (xid: number) => boolean): boolean {
    const capacity = this.#xids.length;
    for (let i = count - 1; i >= Math.max(0, this.#count - capacity); i--) {
      if (test(this.#xids[i % capacity] ?? 0)) return true;
    }
    return false;
  }
}
