import type { Env, Timer } from '../../../runtime/env/env.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { Connection } from '../connection.ts';
import { CopyBoth } from '../wire/copy-both.ts';
import { postgresError } from '../wire/backend-error.ts';
import { statusUpdate } from './acknowledgement.ts';
import { PG_EPOCH_US } from './pgoutput.ts';

export interface SessionSettings {
  /** The server's `wal_sender_timeout`; 0: it never gives up. */
  readonly senderTimeoutMs: number;
  /** `status.update.interval.ms`: at least this often the server hears from us. */
  readonly statusIntervalMs: number;
}

export interface SessionReader {
  /** Called first, before START_REPLICATION is sent. */
  begun(session: Session): void;
  chunk(bytes: Buffer): void;
  /** What may be told as flushed now. */
  flushLsn(): bigint;
  /** What was received. */
  writtenLsn(): bigint;
  /** Once per status interval. */
  tick(): void;
}

/** Checks of the watchdog per `wal_sender_timeout`; it barks after two timeouts. */
const CHECKS = 4;
const UNLIMITED_QUIET_MS = 60_000;

/**
 * One replication connection from START_REPLICATION to its end.
 *
 * - A timer sends the status, also while the socket is paused: under back-pressure the server hears
 *   the old LSN and goes on waiting.
 * - The watchdog counts its own checks, not time: a loop that was blocked makes one check, however
 *   long it was blocked, so the messages that wait in the socket are read before it barks.
 */
export class Session {
  readonly #connection: Connection;
  #copy: CopyBoth | undefined;
  readonly #reader: SessionReader;
  readonly #env: Env;
  readonly #timers: readonly Timer[];
  readonly #end = Promise.withResolvers<never>();
  #paused = false;
  #over = false;
  #quiet = 0;

  private constructor(connection: Connection, env: Env, settings: SessionSettings, reader: SessionReader) {
    this.#connection = connection;
    this.#reader = reader;
    this.#env = env;
    // The end is waited for by `ended`, maybe later than it comes.
    this.#end.promise.catch(() => undefined);
    const limitMs = settings.senderTimeoutMs > 0 ? settings.senderTimeoutMs : UNLIMITED_QUIET_MS;
    const statusMs = Math.max(10, Math.min(settings.statusIntervalMs, limitMs / 3));
    this.#timers = [
      env.timers.every(statusMs, () => {
        // The answer proves that the server has nothing for us, or that it is alive at all.
        this.status(!this.#paused);
        reader.tick();
      }),
      env.timers.every(limitMs / CHECKS, () => this.#watch()),
    ];
  }

  /** Sends START_REPLICATION. Rejects with the server's error. The session owns the connection from now on. */
  static async start(
    connection: Connection,
    command: string,
    env: Env,
    settings: SessionSettings,
    reader: SessionReader,
  ): Promise<Session> {
    const session = new Session(connection, env, settings, reader);
    // The first bytes may come before this function returns: who reads them has to know the session.
    reader.begun(session);
    try {
      const copy = await CopyBoth.start(connection, command, {
        chunk: (bytes) => session.#chunk(bytes),
        ended: (error) => {
          const cause = error ?? new Error('Connection terminated by the server');
          session.#over = true;
          session.#end.reject(postgresError('reading the replication stream', cause));
        },
      });
      session.#copy = copy;
      if (session.#paused) copy.pause();
      // It may have failed on the first bytes, or been closed meanwhile.
      if (session.#over) copy.destroy();
    } catch (error) {
      await session.close(false);
      throw error;
    }
    return session;
  }

  /** Rejects when the session is over, with the reason. */
  get ended(): Promise<never> {
    return this.#end.promise;
  }

  /** It has ended, and gives no more bytes; {@link ended} says why. */
  get over(): boolean {
    return this.#over;
  }

  /** Ends the session with an error found by who reads it. */
  fail(error: unknown): void {
    this.#over = true;
    this.#end.reject(postgresError('reading the replication stream', error));
    this.#copy?.destroy();
  }

  get paused(): boolean {
    return this.#paused;
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#copy?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#quiet = 0;
    this.#copy?.resume();
  }

  /** Tells the server what is flushed (I1). */
  status(replyNow: boolean): void {
    const timeUs = this.#env.clock.nowUs() - PG_EPOCH_US;
    this.#copy?.send(statusUpdate(this.#reader.writtenLsn(), this.#reader.flushLsn(), timeUs, replyNow));
  }

  /** Idempotent. `graceful` tells the server, so that it frees the slot before the connection is gone. */
  async close(graceful: boolean): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    this.#over = true;
    this.#end.reject(new MillraceError('POSTGRES_STREAM_CLOSED', 'the stream was closed', { kind: 'closed' }));
    const copy = this.#copy;
    // START_REPLICATION was refused, or is not answered yet.
    if (copy === undefined) this.#connection.destroy();
    else if (!graceful) copy.destroy();
    else {
      this.status(false);
      await copy.close();
    }
  }

  #chunk(bytes: Buffer): void {
    if (this.#over) return;
    this.#quiet = 0;
    try {
      this.#reader.chunk(bytes);
    } catch (error) {
      this.fail(error);
    }
  }

  #watch(): void {
    if (this.#paused) {
      this.#quiet = 0;
      return;
    }
    this.#quiet++;
    // Asks for a sign of life, so that an idle server whose own timeout is off is not given up.
    if (this.#quiet >= CHECKS) this.status(true);
    if (this.#quiet < 2 * CHECKS + 1) return;
    this.fail(
      new MillraceError('POSTGRES_STREAM_SILENT', 'the server sent nothing for two times wal_sender_timeout', {
        kind: 'unavailable',
        remedy:
          'The connector connects again by itself; if this comes back, look at the network, at what stands between, and at the load of the server.',
      }),
    );
  }
}
