import type { Progress, SourceBatch } from '../../../runtime/connector/source.ts';
import type { Timer } from '../../../runtime/env/env.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { NO_TIMESTAMP } from '../../../runtime/record/row-block.ts';
import type { RowLayout } from '../../../runtime/record/row-layout.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';
import { StreamPosition, type StoredOffset, type StreamIdentity, type StreamPlace } from '../offset.ts';
import { formatLsn, maxLsn } from '../wire/lsn.ts';
import { Acknowledgement } from './acknowledgement.ts';
import { BatchQueue } from '../../../runtime/change/batch-queue.ts';
import { BlockPool } from '../../../runtime/change/block-pool.ts';
import { Intake } from './intake.ts';
import { grow } from './meta-cells.ts';
import { SocketRest } from './socket-rest.ts';
import type { AssemblerOptions } from './assembler-options.ts';
import { RowAssembler } from './row-assembler.ts';
import { SessionKeeper, type SessionEdges, type SessionKeeperSettings } from './session-keeper.ts';

/** Blocks that wait for the runner before the socket is paused. */
const MAX_QUEUED = 4;

/** While more keeps coming, a waiting reader gets a batch of this size, or what came in this time. */
const GATHER_BYTES = 256 << 10;
const GATHER_MS = 2;
/** What becomes durable within this time is told to the server at once. */
const STATUS_DELAY_MS = 50;

export interface StreamSettings extends SessionKeeperSettings {
  /** Source partition of the stream's offsets. */
  readonly partition: JsonObject;
  /** No offset is stored for where the stream begins: the first batch stores one. */
  readonly announce: boolean;
}

/** Where a stream stands. */
export interface StreamFigures {
  /** After the last message read. */
  readonly place: StreamPlace;
  readonly identity: StreamIdentity | undefined;
  /** What the server was told. */
  readonly flushLsn: bigint;
  /** Commit of the last transaction read, epoch microseconds; 0n: none yet. */
  readonly commitTimeUs: bigint;
  readonly transactions: number;
  /** Nothing read is still to become durable. */
  readonly idle: boolean;
}

/**
 * The slot's stream as batches.
 *
 *     socket → intake → assembler → block → queue (≤ 4) → read() → runner … committed() → status update
 *
 * A block is handed over when it holds 1 MiB, or when somebody waits and the socket has given all
 * it had. While the queue is full the socket is paused; the status timer goes on with the old LSN.
 * A lost session is opened again at the place that was read, so nothing is handed over twice.
 */
export class ReplicationStream {
  readonly #settings: StreamSettings;
  readonly #edges: SessionEdges;
  readonly #pool = new BlockPool(MAX_QUEUED + 2);
  readonly #queue = new BatchQueue();
  readonly #ack: Acknowledgement;
  readonly #assembler: RowAssembler;
  readonly #intake: Intake;
  readonly #sessions: SessionKeeper;
  readonly #rest: SocketRest;
  #flushing = false;
  #lastProgressMs = -Infinity;
  #announce: boolean;
  #statusTimer: Timer | undefined;

  constructor(settings: StreamSettings, edges: SessionEdges, options: AssemblerOptions, start: StoredOffset) {
    this.#settings = settings;
    this.#announce = settings.announce;
    this.#edges = edges;
    this.#ack = new Acknowledgement(start.place);
    this.#rest = new SocketRest(
      edges.env,
      () => this.#queue.wanted,
      () => this.#balance(),
    );
    this.#assembler = new RowAssembler(options, this.#pool.take(), start.place, start.eventLsn);
    this.#intake = new Intake(this.#assembler, this.#pool, {
      keepalive: (walEnd, replyNow) => this.#keepalive(walEnd, replyNow),
      full: () => this.#cut(),
      ended: (error) => this.#sessions.session?.fail(error ?? new Error('Connection terminated by the server')),
    });
    this.#sessions = new SessionKeeper(settings, edges, {
      chunk: (bytes) => this.#chunk(bytes),
      flushLsn: () => this.#ack.flushLsn,
      writtenLsn: () => maxLsn(this.#assembler.place.value.flushLsn, this.#ack.flushLsn),
      tick: () => this.#tick(),
      resume: () => this.#assembler.place.resume,
      started: () => this.#balance(),
      left: () => {
        this.#assembler.leave();
        this.#intake.leave();
      },
      failed: (error) => this.#queue.fail(error),
    });
  }

  /** Connects and starts. The first failure is thrown; later ones are retried as the options say. */
  open(start: StoredOffset, signal: AbortSignal): Promise<void> {
    return this.#sessions.open(start, signal);
  }

  async read(signal: AbortSignal): Promise<SourceBatch> {
    for (;;) {
      const batch = this.#queue.shift() ?? this.#takeCurrent();
      if (batch !== undefined) {
        this.#balance();
        return batch;
      }
      const waiting = this.#queue.wait(signal);
      this.#rest.wanted();
      await waiting;
    }
  }

  /** The position and its offset are durable: the server may forget what is before (I1). */
  committed(position: StreamPosition): void {
    if (!this.#ack.committed(position) || this.#statusTimer !== undefined) return;
    // Small transactions are committed by the thousand: they are told together.
    this.#statusTimer = this.#edges.env.timers.after(STATUS_DELAY_MS, () => {
      this.#statusTimer = undefined;
      this.#sessions.session?.status(false);
    });
  }

  /** Ends the stream: what was read is still handed over, then `read` rejects. */
  fail(error: Error): void {
    this.#queue.fail(error);
  }

  /** Adds a row of the task's own, whose one cell is a text: a heartbeat. */
  own(layout: RowLayout, text: string): void {
    this.#intake.own((block, meta) => {
      if (meta.at + text.length * 3 > block.arena.length) grow(block, meta.at, text.length * 3);
      block.begin(layout, NO_TIMESTAMP);
      const length = block.arena.write(text, meta.at, 'utf8');
      block.cell(meta.at, length);
      meta.at += length;
    });
    this.#flush();
  }

  /** Where the stream stands, for gauges. */
  get figures(): StreamFigures {
    const { value: place, last } = this.#assembler.place;
    return {
      place,
      identity: this.#sessions.identity,
      flushLsn: this.#ack.flushLsn,
      commitTimeUs: last?.timeUs ?? 0n,
      transactions: this.#assembler.transactions,
      idle: !this.#assembler.open && this.#ack.settled && this.#intake.rows === 0,
    };
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const closed = new MillraceError('POSTGRES_STREAM_CLOSED', 'the stream was closed', { kind: 'closed' });
    this.#queue.fail(closed);
    this.#statusTimer?.cancel();
    const ended = this.#sessions.close(closed);
    this.#rest.end();
    await ended;
  }

  #chunk(bytes: Buffer): void {
    this.#assembler.meta.clock(this.#edges.env.clock.nowUs());
    this.#intake.chunk(bytes);
    this.#afterParse();
  }

  #afterParse(): void {
    const { waiting } = this.#assembler;
    if (waiting !== undefined) void this.#await(waiting);
    this.#balance();
    this.#flush();
  }

  /** Goes on once the catalogue has answered. */
  async #await(waiting: Promise<void>): Promise<void> {
    const { session } = this.#sessions;
    try {
      await waiting;
      if (session?.over !== false || this.#assembler.waiting !== waiting) return;
      this.#assembler.waiting = undefined;
      this.#intake.parse();
      this.#afterParse();
    } catch (error) {
      session?.fail(error);
    }
  }

  /** Pauses the socket while the queue is full, the catalogue is asked or it may rest, and lets it go on after. */
  #balance(): void {
    const { session } = this.#sessions;
    if (session === undefined) return;
    if (this.#queue.length >= MAX_QUEUED || this.#assembler.waiting !== undefined) session.pause();
    else if (this.#rest.resting) session.pause();
    else session.resume();
  }

  /**
   * A waiting reader gets what there is as soon as the socket has given all it had: no timer is in
   * the way. Inside a transaction the rest is on its way, and comes with the batch.
   */
  #flush(): void {
    if (this.#flushing || !this.#queue.wanted || this.#intake.rows === 0) return;
    // After a rest the socket gave all it had in one read.
    if (this.#rest.over && !this.#assembler.open) {
      this.#queue.wake();
      return;
    }
    this.#flushing = true;
    void this.#gather();
  }

  async #gather(): Promise<void> {
    const { env } = this.#edges;
    const untilMs = env.clock.monotonicMs() + GATHER_MS;
    let seen = -1;
    while (seen !== this.#intake.messages && this.#intake.bytes < GATHER_BYTES && env.clock.monotonicMs() < untilMs) {
      seen = this.#intake.messages;
      await env.timers.yield();
    }
    this.#flushing = false;
    // What comes next calls this again, the status tick at the latest.
    if (seen === this.#intake.messages && this.#assembler.open) return;
    this.#queue.wake();
  }

  #takeCurrent(): SourceBatch | undefined {
    if (this.#intake.rows === 0) return this.#idleProgress();
    const { bytes } = this.#intake;
    this.#cut();
    this.#rest.begin(bytes);
    return this.#queue.shift();
  }

  /** The current block, and an injection behind it, become batches. */
  #cut(): void {
    const { injection } = this.#assembler;
    this.#assembler.injection = undefined;
    const block = this.#intake.cut();
    if (block.count === 0) {
      this.#pool.give(block);
    } else {
      this.#queue.push({ records: block, progress: [this.#progress()], release: () => this.#pool.give(block) });
    }
    if (injection === undefined) return;
    const { release } = injection;
    this.#queue.push({
      records: injection.block,
      progress: [this.#progress(), ...injection.progress],
      ...(release === undefined ? {} : { release: () => release.call(injection) }),
    });
  }

  #progress(): Progress {
    const { place } = this.#assembler;
    const identity = this.#sessions.identity ?? { systemId: '', timeline: 0, slot: '' };
    const position = new StreamPosition(identity, place.value, place.last, this.#assembler.annotation());
    this.#ack.handedOver(position);
    return { partition: this.#settings.partition, position };
  }

  #keepalive(walEnd: bigint, replyNow: boolean): void {
    if (replyNow) this.#sessions.session?.status(false);
    // Keepalives come in the order of the stream: all before it has been read, and the server has no more.
    const idle = this.#intake.rows === 0 && !this.#assembler.open && this.#assembler.waiting === undefined;
    if (idle && this.#queue.wanted)
      this.#edges.context.idle(`the server has sent everything up to ${formatLsn(walEnd)}`);
    this.#tick();
  }

  /** Lets an idle reader see that the stream may have moved without rows. */
  #tick(): void {
    if (this.#queue.wanted && (this.#intake.rows > 0 || this.#idleDue())) this.#queue.wake();
  }

  /**
   * Nothing is in flight, and the server has moved on: then so may the stored offset, and after it
   * the slot (I1). Else the WAL of other databases and tables would pile up behind an idle slot.
   */
  #idleDue(): boolean {
    const { walEnd } = this.#intake;
    const assembler = this.#assembler;
    if (this.#intake.rows > 0 || assembler.open || assembler.waiting !== undefined || !this.#ack.settled) return false;
    if (maxLsn(walEnd, assembler.place.value.flushLsn) <= this.#ack.flushLsn) return false;
    return this.#edges.env.clock.monotonicMs() - this.#lastProgressMs >= this.#settings.statusIntervalMs;
  }

  #idleProgress(): SourceBatch | undefined {
    if (!this.#announce && !this.#idleDue()) return undefined;
    this.#announce = false;
    this.#lastProgressMs = this.#edges.env.clock.monotonicMs();
    this.#assembler.advance(this.#intake.walEnd);
    return { records: [], progress: [this.#progress()] };
  }
}
