import type { SourceTruth } from '../../connector/truth.ts';
import type { StructValue } from '../../record/value.ts';

/**
 * The truncates of one table. Each stands in one partition of the topic, but empties all: what
 * counts in its own partition is the offset, in the others the order of the source.
 */
export class Truncates {
  readonly #order: Pick<SourceTruth, 'precedes'>;
  readonly #offsets = new Map<number, bigint>();
  #last: StructValue | null = null;

  constructor(order: Pick<SourceTruth, 'precedes'>) {
    this.#order = order;
  }

  get any(): boolean {
    return this.#last !== null;
  }

  add(partition: number, offset: bigint, source: StructValue): void {
    if (offset > (this.#offsets.get(partition) ?? -1n)) this.#offsets.set(partition, offset);
    if (this.#last === null || this.#order.precedes(this.#last, source)) this.#last = source;
  }

  /** Whether a later truncate took back what this event wrote. */
  undid(partition: number, offset: bigint, source: StructValue): boolean {
    if (this.#last === null) return false;
    if (offset < (this.#offsets.get(partition) ?? -1n)) return true;
    return this.#order.precedes(source, this.#last);
  }
}
