import type { BatchHeader } from '../../batch/batch-header.ts';
import { nextSequence } from '../../batch/seal-batch.ts';
import type { MillraceError } from '../../../record/error.ts';
import { fencedProducer, outOfOrder } from '../errors.ts';
import type { Commit } from './commit.ts';
import type { Partition } from './partition.ts';

/** Kafka's: a producer may have five batches of a partition under way. */
const REMEMBERED = 5;

interface Remembered {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly logAppendTimeMs: number;
}

/** An open transaction. */
export interface Transaction {
  readonly startedMs: number;
  readonly partitions: Map<Partition, number>;
}

/**
 * A producer: its epoch fences earlier ones of its transactional id, its sequence numbers tell a
 * retried batch (answered again, not appended again) from a lost one (refused).
 */
export class Producer {
  readonly id: number;
  readonly epoch: number;
  readonly transactionalId: string | null;
  readonly timeoutMs: number;
  transaction: Transaction | null = null;
  /** Set when a newer incarnation exists or a transaction ran out of time. */
  fenced: string | null = null;
  /**
   * Transactions may follow each other before the client has heard how the first one ended. All that
   * it sent before it heard of a failure belongs to the same window and fails as well: otherwise a
   * later transaction, with its offsets, would commit over the hole an earlier one left.
   */
  brokenWindow = -1;
  #broken: MillraceError | null = null;
  readonly #sent = new Map<Partition, readonly Remembered[]>();

  constructor(id: number, epoch: number, transactionalId: string | null, timeoutMs: number) {
    this.id = id;
    this.epoch = epoch;
    this.transactionalId = transactionalId;
    this.timeoutMs = timeoutMs;
  }

  checkEpoch(epoch: number): void {
    if (this.fenced !== null) throw fencedProducer(this.fenced);
    if (epoch !== this.epoch) throw fencedProducer(`producer ${this.id} has epoch ${this.epoch}, not ${epoch}`);
  }

  breakWindow(window: number, error: MillraceError): void {
    if (window <= this.brokenWindow) return;
    this.brokenWindow = window;
    this.#broken = error;
  }

  /** Why nothing of this window can be committed, or null. */
  broken(window: number): MillraceError | null {
    return window <= this.brokenWindow ? this.#broken : null;
  }

  /** The earlier append of this very batch, or null where it is the next one: `HUB_OUT_OF_ORDER_SEQUENCE`. */
  duplicate(partition: Partition, header: BatchHeader): Remembered | null {
    const sent = this.#sent.get(partition);
    const first = header.baseSequence;
    const last = lastSequence(header);
    const same = sent?.find((batch) => batch.firstSequence === first && batch.lastSequence === last);
    if (same !== undefined) return same;
    const previous = sent?.at(-1);
    const expected = previous === undefined ? 0 : nextSequence(previous.lastSequence, 1);
    if (first !== expected) throw outOfOrder(partition.topic, partition.index, expected, first);
    return null;
  }

  remember(
    commit: Commit,
    partition: Partition,
    header: BatchHeader,
    at: { readonly baseOffset: number; readonly logAppendTimeMs: number },
  ): void {
    const before = this.#sent.get(partition);
    commit.onRollback(() => {
      if (before === undefined) this.#sent.delete(partition);
      else this.#sent.set(partition, before);
    });
    const batch = { ...at, firstSequence: header.baseSequence, lastSequence: lastSequence(header) };
    this.#sent.set(partition, [...(before ?? []), batch].slice(-REMEMBERED));
  }
}

function lastSequence(header: BatchHeader): number {
  return nextSequence(header.baseSequence, header.lastOffsetDelta);
}
