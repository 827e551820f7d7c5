import { readBatchHeader } from '../../batch/batch-header.ts';
import { nextSequence, sealBatch } from '../../batch/seal-batch.ts';
import type { Appended, GroupOffset, HubAdmin, HubProducer, ProducerOptions } from '../../port.ts';
import { MillraceError } from '../../../record/error.ts';
import type { Connection } from './connection.ts';
import { hubClosed, transactionInvalid, unknownTopic } from '../errors.ts';
import type { GroupOffsets } from '../channel/protocol.ts';

/** Numbering of one partition. */
interface Stream {
  next: number;
  underWay: number;
  /** First failure; later appends fail with it until none is under way any more. */
  failure: Error | null;
}

export interface ProducerParts {
  readonly connection: Connection;
  readonly admin: HubAdmin;
  readonly producerId: number;
  readonly epoch: number;
  readonly options: ProducerOptions;
  readonly closed: () => void;
}

/** Below this a copy is cheaper. */
const TRANSFER_BYTES = 8192;

const FORGOTTEN: Appended['baseOffset'] = -1n;

/**
 * Numbers and seals batches and hands them to the writer. Every batch is numbered, also without
 * `idempotent`: the writer refuses a batch whose predecessor it refused, which keeps order (I4).
 */
export class EmbeddedProducer implements HubProducer {
  readonly #parts: ProducerParts;
  readonly #streams = new Map<string, Stream>();
  /** Offsets for the open transaction; null: none is open. */
  #transaction: GroupOffsets[] | null = null;
  /** Grows with every failure: what was sent before it was heard of fails with it. */
  #window = 0;
  /** Of the open transaction. */
  #transactionWindow = 0;
  /** Why the open transaction can only be aborted. */
  #broken: Error | null = null;
  readonly #appends = new Set<Promise<unknown>>();
  #closed = false;

  constructor(parts: ProducerParts) {
    this.#parts = parts;
  }

  async partitions(topic: string): Promise<number> {
    const found = (await this.#parts.admin.describe(topic)) ?? (await this.#create(topic));
    return found.partitions;
  }

  async #create(topic: string): Promise<{ readonly partitions: number }> {
    const settings = this.#parts.options.createTopics?.(topic);
    if (settings === undefined) throw unknownTopic(topic);
    try {
      return await this.#parts.admin.createTopic(topic, settings.partitions, settings.config);
    } catch (error) {
      // Somebody else created it meanwhile.
      const raced = error instanceof MillraceError && error.code === 'HUB_TOPIC_EXISTS';
      const found = raced ? await this.#parts.admin.describe(topic) : null;
      if (found === null) throw error;
      return found;
    }
  }

  append(topic: string, partition: number, batch: Buffer, placedIn?: number): Promise<Appended> {
    const { options } = this.#parts;
    if (this.#closed) return Promise.reject(hubClosed());
    if (options.transactionalId !== undefined && this.#transaction === null) {
      return Promise.reject(transactionInvalid('an append of a transactional producer before begin()'));
    }
    const appended = this.#append(topic, partition, batch, placedIn);
    this.#appends.add(appended);
    const settled = (): void => void this.#appends.delete(appended);
    appended.then(settled, settled);
    if (options.acks !== 0) return appended;
    appended.catch(() => undefined);
    return Promise.resolve({ topic, partition, baseOffset: FORGOTTEN, logAppendTimeMs: -1 });
  }

  async #append(topic: string, partition: number, batch: Buffer, placedIn?: number): Promise<Appended> {
    const { connection, options } = this.#parts;
    const stream = this.#stream(topic, partition);
    const transactional = this.#transaction !== null;
    const window = this.#transactionWindow;
    if (stream.failure !== null) throw stream.failure;
    const header = readBatchHeader(batch);
    const baseSequence = stream.next;
    sealBatch(batch, {
      producerId: BigInt(this.#parts.producerId),
      epoch: this.#parts.epoch,
      baseSequence,
      transactional,
    });
    stream.next = nextSequence(baseSequence, header.lastOffsetDelta + 1);
    stream.underWay++;
    const bytes = transferable(batch);
    const { producerId } = this.#parts;
    const { acks } = options;
    try {
      const ask = { producerId, topic, partition, acks, window, placedIn, batch: bytes };
      const transfer = bytes.byteLength >= TRANSFER_BYTES ? bytes.buffer : undefined;
      const { baseOffset, logAppendTimeMs } = await connection.ask('append', ask, transfer);
      return { topic, partition, baseOffset: BigInt(baseOffset), logAppendTimeMs };
    } catch (error) {
      const failure = error as Error;
      if (stream.failure === null) {
        stream.failure = failure;
        // The writer waits for this number still.
        stream.next = baseSequence;
      }
      if (transactional) this.#failed(window, failure);
      throw stream.failure;
    } finally {
      stream.underWay--;
      if (stream.underWay === 0) stream.failure = null;
    }
  }

  #stream(topic: string, partition: number): Stream {
    const name = `${topic}-${partition}`;
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = { next: 0, underWay: 0, failure: null };
      this.#streams.set(name, stream);
    }
    return stream;
  }

  begin(): void {
    if (this.#closed) throw hubClosed();
    if (this.#parts.options.transactionalId === undefined)
      throw transactionInvalid('begin() without a transactional id');
    if (this.#transaction !== null) throw transactionInvalid('begin() in an open transaction');
    this.#transaction = [];
    this.#transactionWindow = this.#window;
    this.#broken = null;
  }

  addOffsets(group: string, offsets: readonly GroupOffset[]): void {
    if (this.#transaction === null) throw transactionInvalid('addOffsets() before begin()');
    this.#transaction.push({ group, offsets: offsets.map((of) => ({ ...of, offset: Number(of.offset) })) });
  }

  commit(): Promise<void> {
    return this.#end('commit');
  }

  /** Nothing to do where none is open, as after a failed commit. */
  abort(): Promise<void> {
    return this.#transaction === null ? Promise.resolve() : this.#end('abort');
  }

  #failed(window: number, failure: Error): void {
    if (this.#window === window) this.#window++;
    if (this.#transaction !== null && this.#transactionWindow === window) this.#broken ??= failure;
  }

  /**
   * The order of requests is the order in the log, so an end need not wait for the appends before
   * it: the writer aborts what lacks a batch.
   */
  async #end(outcome: 'commit' | 'abort'): Promise<void> {
    const groups = this.#transaction;
    const { connection, producerId, epoch } = this.#parts;
    const window = this.#transactionWindow;
    const broken = outcome === 'commit' ? this.#broken : null;
    if (groups === null) throw transactionInvalid(`${outcome}() before begin()`);
    this.#transaction = null;
    const ask = { producerId, epoch, window, outcome: broken === null ? outcome : 'abort', groups } as const;
    try {
      await connection.ask('endTransaction', ask);
    } catch (error) {
      this.#failed(window, error as Error);
      throw error;
    }
    if (broken !== null) throw broken;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.allSettled(this.#appends);
    if (!this.#parts.connection.closed) {
      await this.#parts.connection.ask('closeProducer', { producerId: this.#parts.producerId });
    }
    this.#parts.closed();
  }
}

/** The batch in memory that can be transferred: its own, or a copy. */
function transferable(batch: Buffer): Uint8Array & { readonly buffer: ArrayBuffer } {
  const { buffer, byteOffset, byteLength } = batch;
  if (buffer instanceof ArrayBuffer && byteOffset === 0 && byteLength === buffer.byteLength) {
    return new Uint8Array(buffer);
  }
  return new Uint8Array(batch);
}
