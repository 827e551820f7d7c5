import type { TaskContext } from '../../../runtime/connector/context.ts';
import type { Progress, SourceBatch } from '../../../runtime/connector/source.ts';
import type { Env } from '../../../runtime/env/env.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';
import { NO_TIMESTAMP } from '../../../runtime/record/row-block.ts';
import type { RowLayout } from '../../../runtime/record/row-layout.ts';
import { EVENT } from '../binlog/event-type.ts';
import { StreamPosition, type StreamPlace } from '../offset.ts';
import { retryWait } from '../../../runtime/change/retry-wait.ts';
import type { StreamWindows } from '../snapshot/window/stream-windows.ts';
import { mysqlError } from '../wire/server-error.ts';
import type { RowAssembler } from './row-assembler.ts';
import { BLOCK_BYTES, type BlockPool } from '../../../runtime/change/block-pool.ts';
import type { EventFeed } from './event-feed.ts';
import type { ResetWatch } from './reset-watch.ts';

export interface StreamSettings {
  readonly partition: JsonObject;
  /** `errors.max.retries`; -1: no limit. */
  readonly maxRetries: number;
  /** Longest wait between two attempts. */
  readonly retryWaitMs: number;
  /** How often the offset moves where no record does. */
  readonly idleProgressMs: number;
  /** A connection without a word for so long is lost. */
  readonly silenceMs: number;
}

export interface StreamEdges {
  readonly env: Env;
  readonly context: TaskContext;
  readonly pool: BlockPool;
  /** Chunks of tables that are read beside the stream, and go out between its events. */
  readonly windows?: StreamWindows;
  /** What the offset of a place has to keep beside it. */
  notes(place: StreamPlace): JsonObject;
  /** Asked at each heartbeat of the server. */
  readonly resets?: Pick<ResetWatch, 'look'>;
  /** Connects at a place that was compared with the server; throws where they do not fit. */
  connect(place: StreamPlace, signal: AbortSignal): Promise<EventFeed>;
}

/** While more keeps coming, a waiting reader gets what came in this time. */
const GATHER_MS = 2;

const ID_TAKEN = 'MYSQL_SERVER_ID_TAKEN';
/** So often another with our server id may end the stream, each time within {@link TAKEN_MS} of the last, before the task does. */
const TAKEN_LIMIT = 3;
const TAKEN_MS = 600_000;

/**
 * The binlog as batches. There is no queue: `read` takes from the socket, and what is not read stays with the
 * server (I7). A batch is handed over when it holds 1 MiB, or when the socket has given all it had.
 * A lost connection is opened again at the place that was read, so nothing is handed over twice.
 */
export class BinlogStream {
  readonly #settings: StreamSettings;
  readonly #edges: StreamEdges;
  readonly #assembler: RowAssembler;
  readonly #server: string;
  #feed: EventFeed | undefined;
  #attempts = 0;
  /** Place of the last progress, and when it was. */
  #last = '';
  #lastMs = -Infinity;
  /** How often another took our server id, and when last. */
  #taken = 0;
  #takenMs = -Infinity;
  #failure: Error | undefined;
  #closed = false;

  /** `server`: whose positions these are. */
  constructor(settings: StreamSettings, edges: StreamEdges, assembler: RowAssembler, server: string) {
    this.#settings = settings;
    this.#edges = edges;
    this.#assembler = assembler;
    this.#server = server;
  }

  /** Connects. The first failure is thrown; later ones are retried as the options say. */
  async open(signal: AbortSignal): Promise<void> {
    await this.#connect(signal);
  }

  async read(signal: AbortSignal): Promise<SourceBatch> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#closed) throw closed();
      try {
        const feed = this.#feed ?? (await this.#connect(signal));
        return await this.#fill(feed, signal);
      } catch (error) {
        if (signal.aborted) throw error;
        await this.#retry(mysqlError('streaming', error), signal);
      }
    }
  }

  /** Ends the stream with an error. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#feed?.nudge();
  }

  /** Adds a row of the task's own, whose one cell is a text: a heartbeat. */
  own(layout: RowLayout, text: string): void {
    const { block, meta } = this.#assembler;
    block.begin(layout, NO_TIMESTAMP);
    meta.texts(block, [text]);
    this.#feed?.nudge();
  }

  /** A reader that waits looks again whether there is something to hand over. */
  wake(): void {
    this.#feed?.nudge();
  }

  get place(): StreamPlace {
    return this.#assembler.place();
  }

  /** Seconds since 1970 of the last event read; 0: none yet. */
  get seconds(): number {
    return this.#assembler.seconds;
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#feed?.close();
    this.#feed?.nudge();
  }

  async #connect(signal: AbortSignal): Promise<EventFeed> {
    const { context, windows } = this.#edges;
    this.#assembler.restart();
    windows?.restarted();
    const feed = await this.#edges.connect(this.#assembler.place(), signal);
    if (this.#closed) {
      feed.close();
      throw closed();
    }
    if (feed.gtids !== '') this.#assembler.adopt(feed.gtids);
    this.#feed = feed;
    context.warning('MYSQL_RECONNECTING', null);
    return feed;
  }

  /** Reads events until there is a batch. */
  async #fill(feed: EventFeed, signal: AbortSignal): Promise<SourceBatch> {
    const { env, context, windows } = this.#edges;
    const assembler = this.#assembler;
    const startMs = env.clock.monotonicMs();
    for (;;) {
      const due = this.#due();
      if (due !== undefined) return due;
      while (feed.next()) {
        const { open } = assembler.state;
        const waiting = assembler.event(feed);
        if (waiting !== undefined) await waiting;
        if (windows !== undefined && !assembler.state.open) {
          passed(windows, feed, open);
          const next = this.#due();
          if (next !== undefined) return next;
        }
        if (feed.type === EVENT.heartbeat || feed.type === EVENT.heartbeatV2) {
          context.idle(`the server has sent everything up to ${feed.file}:${feed.position}`);
          this.#edges.resets?.look(feed.file, feed.position, (error) => this.fail(error));
        }
        if (assembler.meta.at >= BLOCK_BYTES) return this.#cut();
      }
      const idle = assembler.block.count === 0 ? this.#idleProgress() : undefined;
      if (idle !== undefined) return idle;
      if (feed.take()) {
        assembler.meta.clock(env.clock.nowUs());
        continue;
      }
      if (assembler.block.count > 0) {
        const early = env.clock.monotonicMs() - startMs < GATHER_MS;
        await env.timers.yield();
        if (feed.take()) {
          assembler.meta.clock(env.clock.nowUs());
          continue;
        }
        // Inside a transaction the rest is on its way.
        if (!early || !assembler.state.open) return this.#cut();
        continue;
      }
      await this.#wait(feed, signal);
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#closed) throw closed();
    }
  }

  /** A chunk whose place the stream stands at: the batch before it, then its rows with what is done after them. */
  #due(): SourceBatch | undefined {
    const { windows } = this.#edges;
    const assembler = this.#assembler;
    if (windows?.due !== true || assembler.state.open) return undefined;
    if (assembler.block.count > 0) return this.#cut();
    const block = windows.take();
    if (block === undefined) return undefined;
    const release = (): void => this.#edges.pool.give(block);
    return { records: block.count === 0 ? [] : block, progress: [this.#progress()], release };
  }

  /** A server that is there sends heartbeats: one that says nothing for long is lost. */
  async #wait(feed: EventFeed, signal: AbortSignal): Promise<void> {
    const { silenceMs } = this.#settings;
    const timer = this.#edges.env.timers.after(silenceMs, () => feed.silent(silenceMs));
    try {
      await feed.wait(signal);
    } finally {
      timer.cancel();
    }
  }

  #cut(): SourceBatch {
    const { pool } = this.#edges;
    const assembler = this.#assembler;
    const { block } = assembler;
    const progress = [this.#progress()];
    assembler.block = pool.take();
    assembler.meta.reset();
    return { records: block, progress, release: () => pool.give(block) };
  }

  /** The place moved, but no record did: then so may the stored offset, else the binlog would be purged under it. */
  #idleProgress(): SourceBatch | undefined {
    const { env } = this.#edges;
    if (env.clock.monotonicMs() - this.#lastMs < this.#settings.idleProgressMs) return undefined;
    const before = this.#last;
    const progress = this.#progress();
    return this.#last === before ? undefined : { records: [], progress: [progress] };
  }

  #progress(): Progress {
    // Getting on is what counts: a server that lets us in and cuts us off again is asked less and less often.
    this.#attempts = 0;
    const { serverId } = this.#assembler;
    const seconds = this.seconds || Math.floor(this.#edges.env.clock.nowMs() / 1000);
    const place = this.#assembler.place();
    const notes = this.#edges.notes(place);
    this.#last = JSON.stringify([place, notes]);
    this.#lastMs = this.#edges.env.clock.monotonicMs();
    return {
      partition: this.#settings.partition,
      position: new StreamPosition(place, this.#server, { seconds, serverId }, notes),
    };
  }

  #countTaken(error: MillraceError): void {
    const nowMs = this.#edges.env.clock.monotonicMs();
    this.#taken = nowMs - this.#takenMs > TAKEN_MS ? 1 : this.#taken + 1;
    this.#takenMs = nowMs;
    if (this.#taken >= TAKEN_LIMIT) throw takenAgain(error);
  }

  async #retry(error: MillraceError, signal: AbortSignal): Promise<void> {
    const { env, context } = this.#edges;
    const { maxRetries, retryWaitMs } = this.#settings;
    this.#feed?.close();
    this.#feed = undefined;
    if (error.code === ID_TAKEN) this.#countTaken(error);
    const retriable = error.kind === 'unavailable' || error.kind === 'busy';
    if (!retriable) throw error;
    if (maxRetries >= 0 && this.#attempts >= maxRetries) throw exhausted(error, maxRetries);
    const waitMs = retryWait(this.#attempts, retryWaitMs, env.random.next());
    this.#attempts++;
    context.warning('MYSQL_RECONNECTING', `${error.message}; attempt ${this.#attempts} in ${Math.round(waitMs)} ms`);
    await env.timers.sleep(waitMs, signal);
  }
}

/** Two that take the stream from each other would go on so for ever, each of them RUNNING (I8). */
function takenAgain(error: MillraceError): MillraceError {
  return new MillraceError(ID_TAKEN, `${error.message}; it happened ${TAKEN_LIMIT} times, so the task ends`, {
    kind: 'config',
    key: 'database.server.id',
    ...(error.remedy === undefined ? {} : { remedy: `${error.remedy} Then restart this one.` }),
    cause: error,
  });
}

/** Tells the windows how far the stream is; `open`: a transaction was before this event. */
function passed(windows: StreamWindows, feed: EventFeed, open: boolean): void {
  if (feed.type !== EVENT.heartbeat) {
    if (open) windows.settle();
    windows.passed(feed.file, feed.position);
    return;
  }
  // A heartbeat names the place up to which everything was sent.
  const body = feed.body();
  const file = body.text(body.left);
  const position = feed.bytes.readUInt32LE(feed.at + 13);
  windows.settle();
  windows.passed(file, file === feed.file ? Math.max(position, feed.position) : position);
}

function closed(): MillraceError {
  return new MillraceError('MYSQL_STREAM_CLOSED', 'the stream was closed', { kind: 'closed' });
}

function exhausted(error: MillraceError, maxRetries: number): MillraceError {
  return new MillraceError(
    'MYSQL_RETRIES_EXHAUSTED',
    `${error.message}; errors.max.retries=${maxRetries} allows no further attempt`,
    {
      kind: 'missing',
      key: 'errors.max.retries',
      remedy: 'Restart the connector when the server is back, or raise errors.max.retries (-1: no limit).',
      cause: error,
    },
  );
}
