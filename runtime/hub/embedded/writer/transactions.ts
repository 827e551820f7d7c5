import type { Env, Timer } from '../../../env/env.ts';
import type { Outcome } from '../../batch/control-batch.ts';
import { catalog } from '../store/catalog.ts';
import type { Commit } from './commit.ts';
import { fencedProducer, transactionInvalid } from '../errors.ts';
import { endMarker } from './marker.ts';
import type { Partition } from './partition.ts';
import { Producer } from './producers.ts';
import type { Store } from '../store/store.ts';

const MAX_EPOCH = 32_767;
const ID_BLOCK = 1000;
const MAX_TIMEOUT_MS = 24 * 3_600_000;

/**
 * Producers and their transactions, as Kafka's coordinator keeps them: a transactional id has one
 * producer id and an epoch that grows with every new producer of that id, which fences and aborts
 * what the earlier one left open. Open transactions stand in the store as soon as their commit is
 * written, so that a restart knows what to abort; one that begins and ends within one group commit
 * is never written.
 */
export class Transactions {
  readonly #store: Store;
  readonly #env: Env;
  readonly #abort: (producer: Producer, why: string) => void;
  readonly #producers = new Map<number, Producer>();
  readonly #byTransactionalId = new Map<string, Producer>();
  readonly #stored = new Set<number>();
  #dirty = new Set<Producer>();
  #nextId = 0;
  #reservedTo = 0;
  #timer: Timer | null = null;
  #dueMs = Number.POSITIVE_INFINITY;

  /** `abort` is called when a transaction has run out of time. */
  constructor(store: Store, env: Env, abort: (producer: Producer, why: string) => void) {
    this.#store = store;
    this.#env = env;
    this.#abort = abort;
  }

  get open(): number {
    let open = 0;
    for (const producer of this.#producers.values()) if (producer.transaction !== null) open++;
    return open;
  }

  /** First commit of a server: ends what died with the last one. */
  recover(commit: Commit, partition: (id: number) => Partition | undefined): void {
    this.#nextId = this.#store.counter('producer');
    this.#reserve();
    for (const stored of catalog.transactions(this.#store)) {
      const held = stored.partitions.flatMap(([id, first]) => {
        const found = partition(id);
        return found === undefined ? [] : [[found, first] as const];
      });
      for (const [found, first] of held) found.reopen(stored.producerId, first);
      for (const [found] of held) this.#mark(commit, found, stored.producerId, stored.epoch, 'abort');
      catalog.removeTransaction(this.#store, stored.producerId);
    }
  }

  #reserve(): void {
    this.#reservedTo = this.#nextId + ID_BLOCK;
    this.#store.putCounter('producer', this.#reservedTo);
  }

  /** A producer without a transactional id; null: a commit is needed first ({@link create}). */
  tryCreate(timeoutMs: number): Producer | null {
    if (this.#nextId >= this.#reservedTo) return null;
    return this.#add(new Producer(this.#nextId++, 0, null, timeoutMs));
  }

  create(commit: Commit, transactionalId: string | null, timeoutMs: number): Producer {
    if (timeoutMs < 1 || timeoutMs > MAX_TIMEOUT_MS) {
      throw transactionInvalid(`a transaction timeout of ${timeoutMs} ms; 1 to ${MAX_TIMEOUT_MS} are possible`);
    }
    if (this.#nextId >= this.#reservedTo) this.#reserve();
    if (transactionalId === null) return this.#add(new Producer(this.#nextId++, 0, null, timeoutMs));
    const known = catalog.producer(this.#store, transactionalId);
    this.#fenceEarlier(commit, transactionalId);
    const fresh = known === null || known.epoch >= MAX_EPOCH;
    const producerId = fresh ? this.#nextId++ : known.producerId;
    const epoch = fresh ? 0 : known.epoch + 1;
    catalog.putProducer(this.#store, transactionalId, { producerId, epoch });
    const producer = new Producer(producerId, epoch, transactionalId, timeoutMs);
    const before = this.#byTransactionalId.get(transactionalId);
    commit.onRollback(() => {
      this.#producers.delete(producerId);
      if (before !== undefined) this.#add(before);
    });
    return this.#add(producer);
  }

  #add(producer: Producer): Producer {
    this.#producers.set(producer.id, producer);
    if (producer.transactionalId !== null) this.#byTransactionalId.set(producer.transactionalId, producer);
    return producer;
  }

  #fenceEarlier(commit: Commit, transactionalId: string): void {
    const earlier = this.#byTransactionalId.get(transactionalId);
    if (earlier === undefined) return;
    this.end(commit, earlier, 'abort');
    this.fence(commit, earlier, `a newer producer of ${transactionalId} exists`);
  }

  fence(commit: Commit, producer: Producer, why: string): void {
    const before = producer.fenced;
    commit.onRollback(() => (producer.fenced = before));
    producer.fenced ??= why;
  }

  /** `HUB_PRODUCER_FENCED`. */
  producer(id: number, epoch: number): Producer {
    const producer = this.#producers.get(id);
    if (producer === undefined) throw fencedProducer(`producer ${id} is not known or was closed`);
    producer.checkEpoch(epoch);
    return producer;
  }

  find(id: number): Producer | undefined {
    return this.#producers.get(id);
  }

  close(id: number): Producer | null {
    const producer = this.#producers.get(id) ?? null;
    this.#producers.delete(id);
    return producer;
  }

  /** The partition takes part in the producer's transaction from its next offset on. */
  join(commit: Commit, producer: Producer, partition: Partition): void {
    if (producer.transactionalId === null) throw transactionInvalid(`producer ${producer.id} has no transactional id`);
    const before = producer.transaction;
    const transaction = before ?? {
      startedMs: this.#env.clock.monotonicMs(),
      partitions: new Map<Partition, number>(),
    };
    if (transaction.partitions.has(partition)) return;
    const firstOffset = partition.end;
    partition.join(commit, producer.id);
    commit.onRollback(() => {
      transaction.partitions.delete(partition);
      producer.transaction = before;
    });
    transaction.partitions.set(partition, firstOffset);
    producer.transaction = transaction;
    this.#dirty.add(producer);
    this.#arm();
  }

  /** Writes the markers. Nothing to do where nothing was appended. */
  end(commit: Commit, producer: Producer, outcome: Outcome): void {
    const { transaction } = producer;
    if (transaction === null) return;
    commit.onRollback(() => (producer.transaction = transaction));
    for (const partition of transaction.partitions.keys()) {
      if (!partition.deleted) this.#mark(commit, partition, producer.id, producer.epoch, outcome);
    }
    producer.transaction = null;
    this.#dirty.add(producer);
  }

  #mark(commit: Commit, partition: Partition, producerId: number, producerEpoch: number, outcome: Outcome): void {
    const batch = endMarker(outcome, producerId, producerEpoch, commit.nowMs);
    partition.endTransaction(commit, this.#store, producerId, batch, outcome === 'abort');
  }

  /** Last step of a commit: what stayed open is written, what was written and has ended is removed. */
  flush(commit: Commit): void {
    if (this.#dirty.size === 0) return;
    const dirty = this.#dirty;
    this.#dirty = new Set();
    for (const producer of dirty) this.#write(commit, producer);
  }

  #write(commit: Commit, producer: Producer): void {
    const { transaction, transactionalId, id } = producer;
    if (transaction !== null && transactionalId !== null) {
      const partitions = [...transaction.partitions].map(([partition, first]) => [partition.id, first] as const);
      catalog.putTransaction(this.#store, { producerId: id, epoch: producer.epoch, transactionalId, partitions });
      const known = this.#stored.has(id);
      this.#stored.add(id);
      if (!known) commit.onRollback(() => this.#stored.delete(id));
    } else if (this.#stored.delete(id)) {
      catalog.removeTransaction(this.#store, id);
      commit.onRollback(() => this.#stored.add(id));
    }
  }

  /** One timer, for the transaction that runs out first. */
  #arm(): void {
    const now = this.#env.clock.monotonicMs();
    let due = Number.POSITIVE_INFINITY;
    for (const { transaction, timeoutMs } of this.#producers.values()) {
      if (transaction !== null) due = Math.min(due, transaction.startedMs + timeoutMs);
    }
    // A timer that comes too early looks again then.
    if (this.#dueMs <= due) return;
    this.#timer?.cancel();
    this.#dueMs = due;
    this.#timer = this.#env.timers.after(Math.max(1, due - now), () => {
      this.#timer = null;
      this.#dueMs = Number.POSITIVE_INFINITY;
      this.#expire();
      this.#arm();
    });
  }

  #expire(): void {
    const now = this.#env.clock.monotonicMs();
    for (const producer of this.#producers.values()) {
      const { transaction, timeoutMs } = producer;
      if (transaction === null || now < transaction.startedMs + timeoutMs || producer.fenced !== null) continue;
      this.#abort(producer, `its transaction was open for more than ${timeoutMs} ms and was aborted`);
    }
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}
