/** Offsets from `from` on, before `to`. */
export interface OffsetRange {
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
}

/** Offsets of records as ranges without gaps; they come partition by partition, in order. */
export class OffsetRanges {
  readonly #done: OffsetRange[] = [];
  #open: { partition: number; from: bigint; to: bigint } | undefined;

  add(partition: number, offset: bigint): void {
    const open = this.#open;
    if (open?.partition === partition && open.to === offset) {
      open.to++;
      return;
    }
    if (open !== undefined) this.#done.push(open);
    this.#open = { partition, from: offset, to: offset + 1n };
  }

  all(): readonly OffsetRange[] {
    return this.#open === undefined ? this.#done : [...this.#done, this.#open];
  }
}
