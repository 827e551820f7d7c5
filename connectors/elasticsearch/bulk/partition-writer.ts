import type { SinkRejection } from '../../../runtime/connector/sink.ts';
import type { Operation } from '../document/operation.ts';
import type { BulkBody } from './bulk-body.ts';
import type { Sent } from './bulk-sender.ts';
import { LayeredBulks } from './layered-bulks.ts';

export interface PartitionWriterOptions {
  /** Committed offset: the first record will be this one, or a later one. */
  readonly offset: bigint;
  readonly maxOperations: number;
  /** Bytes after which a bulk is closed; moves. */
  readonly bulkBytes: () => number;
  readonly send: (body: BulkBody, signal: AbortSignal) => Promise<Sent>;
  /** Something was sent, refused, or failed. */
  readonly moved: () => void;
}

/** Records up to an offset, which are dealt with once all bulks of it are done. */
interface Chunk {
  readonly bulks: LayeredBulks;
  end: bigint;
}

/**
 * Writes one topic partition: operations are gathered into bulks, which are sent one after the other,
 * so order per key holds (I4). What is encoded while one is under way goes into the next.
 *
 * Invariant: everything before `durable` is in the index, refused and told, or passed over.
 */
export class PartitionWriter {
  readonly #options: PartitionWriterOptions;
  readonly #stop = new AbortController();
  readonly #queue: Chunk[] = [];
  #open: Chunk | null = null;
  #sending: Chunk | null = null;
  #pump: Promise<void> | null = null;
  #taken: bigint;
  #durable: bigint;
  #rejected: SinkRejection[] = [];
  #failure: unknown = null;
  #waitingBytes = 0;

  constructor(options: PartitionWriterOptions) {
    this.#options = options;
    this.#taken = options.offset;
    this.#durable = options.offset;
  }

  /** Next offset to read again after a crash now. */
  get durable(): bigint {
    return this.#durable;
  }

  get bytes(): number {
    return this.#waitingBytes + (this.#open?.bulks.bytes ?? 0) + (this.#sending?.bulks.bytes ?? 0);
  }

  get busy(): boolean {
    return this.#sending !== null || this.#queue.length > 0 || this.#open !== null;
  }

  /** Why nothing is sent any more; null: nothing has failed. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Encodes an operation into the open bulk; one that cannot be encoded throws and leaves nothing. */
  add(operation: Operation): void {
    this.#open ??= { bulks: new LayeredBulks(), end: this.#taken };
    const { bulks } = this.#open;
    bulks.add(operation);
    const { maxOperations, bulkBytes } = this.#options;
    if (bulks.count >= maxOperations || bulks.bytes >= bulkBytes()) this.#close();
  }

  /** The record is dealt with as far as encoding goes. */
  passed(offset: bigint): void {
    this.#taken = offset + 1n;
    const last = this.#open ?? this.#queue.at(-1) ?? this.#sending;
    if (last === null) this.#durable = this.#taken;
    else last.end = this.#taken;
  }

  reject(rejection: SinkRejection): void {
    this.#rejected.push(rejection);
  }

  /** What was refused since the last call. To be told together with `durable`, never after it (I5). */
  takeRejected(): readonly SinkRejection[] {
    const rejected = this.#rejected;
    this.#rejected = [];
    return rejected;
  }

  /** Sends what there is, the open bulk too if none is under way. */
  kick(): void {
    if (this.#pump !== null || this.#failure !== null || !this.busy) return;
    this.#pump = this.#run().finally(() => {
      this.#pump = null;
      this.#options.moved();
    });
  }

  /** Waits until everything taken is dealt with; throws what failed. */
  async drain(): Promise<void> {
    while (this.busy && this.#failure === null) {
      this.kick();
      await this.#pump;
    }
    if (this.#failure !== null) throw this.#failure;
  }

  /** Gives up what is not sent; a bulk under way is no longer waited for. */
  async abandon(): Promise<void> {
    this.#stop.abort(new Error('the partition was given up'));
    this.#queue.length = 0;
    this.#open = null;
    await this.#pump;
  }

  #close(): void {
    if (this.#open === null) return;
    this.#queue.push(this.#open);
    this.#waitingBytes += this.#open.bulks.bytes;
    this.#open = null;
    this.kick();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    try {
      // What is encoded in this turn of the loop goes along.
      await Promise.resolve();
      for (let chunk = this.#next(); chunk !== null; chunk = this.#next()) {
        this.#sending = chunk;
        for (const body of chunk.bulks.bodies) {
          const { rejected } = await this.#options.send(body, signal);
          this.#rejected.push(...rejected);
        }
        this.#durable = chunk.end;
        this.#sending = null;
        this.#options.moved();
      }
    } catch (error) {
      this.#sending = null;
      if (!signal.aborted) this.#failure = error;
    }
  }

  #next(): Chunk | null {
    const chunk = this.#queue.shift();
    if (chunk !== undefined) {
      this.#waitingBytes -= chunk.bulks.bytes;
      return chunk;
    }
    const open = this.#open;
    this.#open = null;
    return open;
  }
}
