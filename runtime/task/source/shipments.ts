import type { Progress } from '../../connector/source.ts';
import type { Env, Timer } from '../../env/env.ts';
import type { HubProducer } from '../../hub/port.ts';
import { asError } from '../../record/thrown.ts';
import { partitionIdentity, type OffsetChange } from '../../store/offsets.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { LedgerEntry, OffsetLedger } from './offset-ledger.ts';

/** Whoever reads less at a time reads again only when it can leave. */
const SMALL_BATCH_BYTES = 32 * 1024;

/** Where the offset records of a transaction go. */
export interface TransactionOffsets {
  readonly topic: string;
  batches(changes: readonly OffsetChange[]): { readonly partition: number; readonly batch: Buffer }[];
}

export interface ShipmentsOptions {
  readonly env: Env;
  readonly producer: HubProducer;
  readonly ledger: OffsetLedger;
  readonly budget: ByteBudget;
  /** Present: each shipment is one hub transaction with the offsets in it. */
  readonly transaction: TransactionOffsets | null;
  readonly maxUnderWay: number;
  /** While others are under way, a shipment of less waits for company: their commit has to end first anyway. */
  readonly worthBytes: number;
  readonly lingerMs: number;
  /** Encoded and not sent yet. */
  readonly unsentBytes: () => number;
  /** Sends what the encoder has not sent yet; called when a shipment closes. */
  readonly flush: () => void;
  /** The hub holds everything of some more source batches, and of so many records. */
  readonly arrived: (records: number) => void;
  readonly failed: (error: Error) => void;
}

interface Shipment {
  readonly entries: LedgerEntry[];
  readonly progress: Progress[];
  readonly appends: Promise<void>[];
  readonly openedMs: number;
  records: number;
  begun: boolean;
}

/**
 * Source batches on their way into the hub, grouped into shipments. A shipment is what completes
 * together: in exactly-once one hub transaction with its offset records, in at-least-once a set of
 * appends. A source batch that comes when nothing is under way leaves at once; while shipments are
 * under way the open one takes in further source batches, up to `worthBytes`, so
 * small batches under load share the cost of a commit and of waking the hub.
 *
 * Procedure: {@link enter} a source batch, then {@link send} its finished hub batches as they come,
 * then {@link release}. {@link drain} at the end. After the first failure nothing more is sent (I5).
 */
export class Shipments {
  readonly #options: ShipmentsOptions;
  #open: Shipment | null = null;
  #underWay = 0;
  /** Those under way, the oldest first. */
  readonly #sent = new Set<Shipment>();
  #failed = false;
  /** A source batch is entered and not released: only a part of it may be encoded. */
  #filling = false;
  #idle: (() => void)[] = [];
  /** Wait for the next shipment to settle. */
  #patient: (() => void)[] = [];
  #linger: Timer | null = null;

  constructor(options: ShipmentsOptions) {
    this.#options = options;
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** Since when the hub owes an answer about the oldest of what was entered, on the monotonic clock; null: it owes none. */
  get oldestMs(): number | null {
    const [oldest] = this.#sent;
    return oldest?.openedMs ?? this.#open?.openedMs ?? null;
  }

  /**
   * Resolves when a further source batch can leave, where the last one (of `bytes`) was small: what
   * comes meanwhile is then read in one go.
   */
  async company(bytes: number): Promise<void> {
    if (this.#underWay === 0 || bytes > SMALL_BATCH_BYTES || this.#failed) return;
    await new Promise<void>((resolve) => this.#patient.push(resolve));
  }

  /** Enters a source batch, in the order of reading. Until {@link release} its shipment stays open. */
  enter(progress: readonly Progress[], records = 0): void {
    this.#filling = true;
    const shipment = this.#shipment();
    shipment.records += records;
    shipment.entries.push(this.#options.ledger.add(progress));
    shipment.progress.push(...progress);
  }

  /** Appends a finished batch as part of the open shipment. `placedIn`: see `HubProducer.append`. */
  send(topic: string, partition: number, batch: Buffer, placedIn?: number): void {
    if (this.#failed) return;
    const { producer, budget, transaction } = this.#options;
    const shipment = this.#shipment();
    if (transaction !== null && !shipment.begun) {
      shipment.begun = true;
      producer.begin();
    }
    const bytes = batch.length;
    budget.take(bytes);
    shipment.appends.push(this.#append(topic, partition, batch, bytes, placedIn));
  }

  async #append(topic: string, partition: number, batch: Buffer, bytes: number, placedIn?: number): Promise<void> {
    const { producer, budget, env } = this.#options;
    try {
      env.crash?.('source.before_append');
      await producer.append(topic, partition, batch, placedIn);
      env.crash?.('source.after_append');
    } catch (error) {
      this.#fail(error);
    } finally {
      budget.give(bytes);
    }
  }

  /** The source batch is encoded: closes the shipment unless enough are under way, or it lingers. */
  release(): void {
    this.#filling = false;
    this.#closeIfDue();
  }

  #closeIfDue(): void {
    const shipment = this.#open;
    // A source batch of which a part is missing must not complete: its offset would pass the rest (I5).
    if (shipment === null || this.#filling) return;
    const { transaction, maxUnderWay, worthBytes, unsentBytes } = this.#options;
    if (this.#underWay >= maxUnderWay) return;
    const small = shipment.appends.length === 0 && unsentBytes() < worthBytes;
    if (small && this.#underWay > 0) return;
    // Progress alone costs no transaction of its own: it waits for records or the next tick.
    if (transaction !== null && !shipment.begun && unsentBytes() === 0) return;
    if (!this.#lingers(shipment)) this.#close(shipment);
  }

  #lingers(shipment: Shipment): boolean {
    const { env, lingerMs } = this.#options;
    if (lingerMs === 0) return false;
    const restMs = shipment.openedMs + lingerMs - env.clock.monotonicMs();
    if (restMs <= 0) return false;
    this.#linger ??= env.timers.after(Math.ceil(restMs), () => {
      this.#linger = null;
      this.#closeIfDue();
    });
    return true;
  }

  /** Closes the open shipment whatever it holds, if there is room: the owner's regular tick. */
  tick(): void {
    if (this.#open === null || this.#filling || this.#underWay >= this.#options.maxUnderWay) return;
    this.#close(this.#open);
  }

  /** Sends everything and waits until all of it has arrived or failed. */
  async drain(): Promise<void> {
    if (this.#open !== null) this.#close(this.#open);
    if (this.#underWay === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Leaves the open shipment's transaction to be aborted. */
  abandon(): void {
    this.#failed = true;
    this.#open = null;
    this.#linger?.cancel();
  }

  #shipment(): Shipment {
    this.#open ??= {
      entries: [],
      progress: [],
      appends: [],
      openedMs: this.#options.env.clock.monotonicMs(),
      records: 0,
      begun: false,
    };
    return this.#open;
  }

  #close(shipment: Shipment): void {
    this.#linger?.cancel();
    this.#linger = null;
    this.#options.flush();
    this.#open = null;
    this.#underWay++;
    this.#sent.add(shipment);
    void this.#settle(shipment).then(() => this.#settled(shipment));
  }

  async #settle(shipment: Shipment): Promise<void> {
    try {
      if (this.#options.transaction === null) await Promise.all(shipment.appends);
      else await this.#commit(shipment, this.#options.transaction);
      if (this.#failed) return;
      // Only what the hub holds durably is completed (I1).
      for (const entry of shipment.entries) this.#options.ledger.complete(entry);
      this.#options.arrived(shipment.records);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Synchronous up to `commit()`: the next transaction may begin as soon as this returned its promise. */
  #commit(shipment: Shipment, transaction: TransactionOffsets): Promise<void> {
    const { producer, env } = this.#options;
    if (this.#failed) return Promise.resolve();
    if (!shipment.begun) producer.begin();
    env.crash?.('source.before_offset');
    // Records and offsets are one transaction (I3).
    const appends = transaction.batches(newest(shipment.progress)).map(({ partition, batch }) => {
      return producer.append(transaction.topic, partition, batch);
    });
    env.crash?.('source.after_offset');
    const committed = producer.commit();
    return Promise.all([...shipment.appends, ...appends, committed]).then(() => env.crash?.('source.after_commit'));
  }

  #settled(shipment: Shipment): void {
    this.#sent.delete(shipment);
    this.#underWay--;
    if (this.#failed) this.#open = null;
    else this.#closeIfDue();
    const patient = this.#patient;
    this.#patient = [];
    for (const go of patient) go();
    if (this.#underWay > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const go of idle) go();
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#options.failed(asError(error));
  }
}

/** The last offset of each source partition. */
function newest(progress: readonly Progress[]): OffsetChange[] {
  const last = new Map<string, Progress>();
  for (const item of progress) last.set(partitionIdentity(item.partition), item);
  return [...last.values()].map(({ partition, position }) => ({ partition, offset: position.toOffset() }));
}
