import type { Env } from '../../../env/env.ts';
import { topicPartitionName, type TopicPartition } from '../../../record/record.ts';
import type { FetchedBatch, HubReader, Isolation } from '../../port.ts';
import { catalog } from '../store/catalog.ts';
import { hubClosed, offsetOutOfRange, unknownTopic } from '../errors.ts';
import { boundsOf, readBatches } from '../store/log-reader.ts';
import type { Store } from '../store/store.ts';
import type { Watermark } from '../store/watermark.ts';
import type { WriterLink } from './writer-link.ts';

/** Made once: an abort without a reason of its own makes an exception with a stack each time. */
const INTERRUPTED = new Error('interrupted');

interface Assigned extends TopicPartition {
  /** In the store; -1: not looked up yet. */
  id: number;
  position: number;
  paused: boolean;
}

export interface ReaderParts {
  readonly store: Store;
  readonly watermark: Watermark;
  readonly link: WriterLink;
  readonly env: Env;
  readonly isolation: Isolation;
  readonly maxBytes: number;
  readonly closed: () => void;
}

/**
 * Reads the store itself, up to the watermark. Caught up, it follows: the writer tells it of every
 * advance, and nothing runs until then. Each read begins with another partition than the last.
 */
export class EmbeddedReader implements HubReader {
  readonly #parts: ReaderParts;
  #assigned: Assigned[] = [];
  #first = 0;
  /** Wakes a waiting read after `assign`, `seek`, `resume`, `close`. */
  #interrupt: AbortController | null = null;
  #following: { readonly of: string; stop: () => void } | null = null;
  /** Told of an advance since the last wait. */
  #news = false;
  #closed = false;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
  }

  assign(from: readonly { readonly topic: string; readonly partition: number; readonly offset: bigint }[]): void {
    this.#assigned = from.map(({ topic, partition, offset }) => ({
      topic,
      partition,
      id: -1,
      position: Number(offset),
      paused: false,
    }));
    this.#first = 0;
    this.#interrupt?.abort(INTERRUPTED);
  }

  seek(topic: string, partition: number, offset: bigint): void {
    this.#find(topic, partition).position = Number(offset);
    this.#interrupt?.abort(INTERRUPTED);
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) this.#find(topic, partition).paused = true;
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) this.#find(topic, partition).paused = false;
    this.#interrupt?.abort(INTERRUPTED);
  }

  position(topic: string, partition: number): bigint {
    return BigInt(this.#find(topic, partition).position);
  }

  #find(topic: string, partition: number): Assigned {
    const found = this.#assigned.find((of) => of.partition === partition && of.topic === topic);
    if (found === undefined) throw unknownTopic(topic, partition);
    return found;
  }

  async read(waitMs: number, signal: AbortSignal): Promise<readonly FetchedBatch[]> {
    const { clock } = this.#parts.env;
    const deadline = clock.monotonicMs() + waitMs;
    for (;;) {
      signal.throwIfAborted();
      if (this.#closed) throw hubClosed();
      const batches: FetchedBatch[] = [];
      const moved = this.#parts.store.read(() => this.#readAll(batches));
      if (batches.length > 0) return batches;
      const leftMs = deadline - clock.monotonicMs();
      // Passing over hidden batches only, it still lets others run.
      if (moved) await this.#parts.env.timers.yield();
      else if (leftMs <= 0) {
        // Whoever never waits has to hear of advances too.
        this.#follow();
        return batches;
      } else await this.#wait(leftMs, signal);
    }
  }

  /** True where a position has moved. */
  #readAll(batches: FetchedBatch[]): boolean {
    const count = this.#assigned.length;
    if (count === 0) return false;
    let left = this.#parts.maxBytes;
    let moved = false;
    this.#first = (this.#first + 1) % count;
    for (let index = 0; index < count && left > 0; index++) {
      const of = this.#assigned[(this.#first + index) % count];
      if (of === undefined || of.paused) continue;
      const before = of.position;
      left -= this.#readOne(of, left, batches);
      moved ||= of.position !== before;
    }
    return moved;
  }

  #readOne(of: Assigned, maxBytes: number, batches: FetchedBatch[]): number {
    const { store, isolation } = this.#parts;
    const bounds = this.#bounds(of);
    if (of.position < bounds.start || of.position > bounds.appended) {
      throw offsetOutOfRange(topicPartitionName(of), of.position, bounds.start, bounds.end);
    }
    if (of.position >= bounds.end) return 0;
    const { topic, partition, id, position } = of;
    const part = { topic, partition, id, from: position, end: bounds.end, isolation, maxBytes };
    const { next, bytes } = readBatches(store, part, batches);
    of.position = next;
    return bytes;
  }

  #bounds(of: Assigned) {
    const { store, watermark, isolation } = this.#parts;
    const known = of.id < 0 ? null : boundsOf(store, watermark, of.id, isolation);
    if (known !== null) return known;
    of.id = catalog.topic(store, of.topic)?.partitions[of.partition] ?? -1;
    const found = of.id < 0 ? null : boundsOf(store, watermark, of.id, isolation);
    if (found === null) throw unknownTopic(of.topic, of.partition);
    return found;
  }

  /** Until there is more to read, the time is over, or something about the assignment has changed. */
  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    this.#follow();
    if (this.#news) {
      this.#news = false;
      return;
    }
    const interrupt = new AbortController();
    this.#interrupt = interrupt;
    const forward = (): void => interrupt.abort(INTERRUPTED);
    signal.addEventListener('abort', forward, { once: true });
    try {
      await this.#parts.env.timers.sleep(ms, interrupt.signal);
    } catch (error) {
      if (error !== INTERRUPTED) throw error;
    } finally {
      signal.removeEventListener('abort', forward);
      this.#interrupt = null;
    }
  }

  /** Has the writer tell of every advance of what is assigned and not paused. */
  #follow(): void {
    const active = this.#assigned.filter((of) => !of.paused);
    const of = active.map(({ id }) => id).join();
    if (this.#following?.of === of) return;
    this.#unfollow();
    if (active.length === 0) return;
    const committed = this.#parts.isolation === 'read_committed';
    const from = active.map(({ id, position }) => ({ partition: id, offset: position, committed }));
    const following = { of, stop: (): void => undefined };
    this.#following = following;
    following.stop = this.#parts.link.follow(from, () => {
      if (this.#following === following) this.#woken();
    });
  }

  #woken(): void {
    const { connection } = this.#parts.link;
    if (connection === null || connection.closed) this.#unfollow();
    if (this.#interrupt !== null) this.#interrupt.abort(INTERRUPTED);
    // Busy, and told twice: it asks again when it has caught up.
    else if (this.#news) this.#unfollow();
    else this.#news = true;
  }

  #unfollow(): void {
    this.#following?.stop();
    this.#following = null;
    this.#news = false;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unfollow();
    this.#interrupt?.abort(INTERRUPTED);
    this.#parts.closed();
  }
}
