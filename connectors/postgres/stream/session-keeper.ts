import { retryWait } from '../../../runtime/change/retry-wait.ts';
import type { TaskContext } from '../../../runtime/connector/context.ts';
import type { Env } from '../../../runtime/env/env.ts';
import type { MillraceError } from '../../../runtime/record/error.ts';
import type { Connection } from '../connection.ts';
import type { StoredOffset, StreamIdentity } from '../offset.ts';
import { postgresError } from '../wire/backend-error.ts';
import { Session, type SessionReader } from './session.ts';

export interface SessionKeeperSettings {
  /** `status.update.interval.ms` */
  readonly statusIntervalMs: number;
  /** `errors.max.retries`; -1: no limit. */
  readonly maxRetries: number;
  /** `retriable.restart.connector.wait.ms`: longest wait between two attempts. */
  readonly retryWaitMs: number;
}

/** A connection that is ready for START_REPLICATION at a place that was checked (D16). */
export interface PreparedReplication {
  readonly connection: Connection;
  readonly identity: StreamIdentity;
  readonly command: string;
  readonly senderTimeoutMs: number;
}

export interface SessionEdges {
  readonly env: Env;
  readonly context: TaskContext;
  /** Connects, and compares the place with server and slot; throws where they do not fit. */
  prepare(place: StoredOffset, signal: AbortSignal): Promise<PreparedReplication>;
}

/** Who reads what the sessions bring. */
export interface SessionsReader extends Omit<SessionReader, 'begun'> {
  /** The place that was read: a new session starts from it. */
  resume(): Omit<StoredOffset, 'identity'>;
  /** START_REPLICATION was answered. */
  started(): void;
  /** The session is over: nothing of it may be read from here on. */
  left(): void;
  /** There will be no other session. */
  failed(error: Error): void;
}

/** Opens a session, and another one at the place that was read when it is lost, as often as the options say. */
export class SessionKeeper {
  readonly #settings: SessionKeeperSettings;
  readonly #edges: SessionEdges;
  readonly #reader: SessionsReader;
  readonly #stop = new AbortController();
  #session: Session | undefined;
  #identity: StreamIdentity | undefined;
  #running: Promise<void> | undefined;
  #attempts = 0;

  constructor(settings: SessionKeeperSettings, edges: SessionEdges, reader: SessionsReader) {
    this.#settings = settings;
    this.#edges = edges;
    this.#reader = reader;
  }

  /** undefined: between two. */
  get session(): Session | undefined {
    return this.#session;
  }

  /** Whose places these are; undefined before the first session. */
  get identity(): StreamIdentity | undefined {
    return this.#identity;
  }

  /** The first failure is thrown. */
  async open(start: StoredOffset, signal: AbortSignal): Promise<void> {
    const session = await this.#connect(start, signal);
    this.#running = this.#run(session);
  }

  /** Idempotent. */
  async close(reason: MillraceError): Promise<void> {
    this.#stop.abort(reason);
    const session = this.#session;
    this.#session = undefined;
    await session?.close(true);
    await this.#running;
  }

  async #run(first: Session): Promise<void> {
    const { signal } = this.#stop;
    let session: Session | undefined = first;
    while (!signal.aborted) {
      try {
        session ??= await this.#connect({ ...this.#reader.resume(), identity: this.#identity }, signal);
        this.#edges.context.warning('POSTGRES_RECONNECTING', null);
        await session.ended;
      } catch (error) {
        const lost = session;
        session = undefined;
        this.#leave();
        await lost?.close(false);
        if (signal.aborted) return;
        if (!(await this.#retry(postgresError('streaming', error)))) return;
      }
    }
  }

  /**
   * Nothing of the session is read from here on, and nothing else moves the place: so it still holds
   * when the next session starts, however long that takes (I3).
   */
  #leave(): void {
    this.#session = undefined;
    this.#reader.left();
  }

  /** Waits before the next attempt; false: there is none. */
  async #retry(error: MillraceError): Promise<boolean> {
    const { maxRetries, retryWaitMs } = this.#settings;
    const { env, context } = this.#edges;
    const retriable = error.kind === 'unavailable' || error.kind === 'busy';
    if (!retriable || (maxRetries >= 0 && this.#attempts >= maxRetries)) {
      this.#reader.failed(error);
      return false;
    }
    const waitMs = retryWait(this.#attempts, retryWaitMs, env.random.next());
    this.#attempts++;
    context.warning('POSTGRES_RECONNECTING', `${error.message}; attempt ${this.#attempts} in ${Math.round(waitMs)} ms`);
    try {
      await env.timers.sleep(waitMs, this.#stop.signal);
      return true;
    } catch {
      return false;
    }
  }

  async #connect(from: StoredOffset, signal: AbortSignal): Promise<Session> {
    const { env } = this.#edges;
    const prepared = await this.#edges.prepare(from, signal);
    // Nobody would close it any more.
    if (this.#stop.signal.aborted) prepared.connection.destroy();
    this.#stop.signal.throwIfAborted();
    this.#identity = prepared.identity;
    const reader = this.#reader;
    const settings = { senderTimeoutMs: prepared.senderTimeoutMs, statusIntervalMs: this.#settings.statusIntervalMs };
    const session = await Session.start(prepared.connection, prepared.command, env, settings, {
      begun: (begun) => {
        this.#session = begun;
      },
      chunk: (bytes) => {
        this.#attempts = 0;
        reader.chunk(bytes);
      },
      flushLsn: () => reader.flushLsn(),
      writtenLsn: () => reader.writtenLsn(),
      tick: () => reader.tick(),
    });
    reader.started();
    return session;
  }
}
