import type { Connection } from '../connection.ts';
import { BackendError, postgresError, readBackendFields } from './backend-error.ts';
import { backend, TakenSocket } from './taken-socket.ts';

// What the server sends during COPY … TO STDOUT (protocol, "COPY Operations"):
//
//     answer  := CopyOutResponse ('H') · CopyData ('d') … · CopyDone ('c') · CommandComplete ('C') · ReadyForQuery ('Z')
//     message := code Byte1 · length Int32 (counts itself, not the code) · body
//
// ErrorResponse ('E') may come at any place and is followed by ReadyForQuery. The server puts
// exactly one row into each CopyData.

/** Bytes before a message's body. */
export const FRAME_BYTES = 5;

/** Reads the messages of one COPY that are not CopyData. */
export class CopyStatus {
  #error: Error | undefined;
  /** ReadyForQuery came: the connection is idle again. */
  ended = false;

  /** `body` is `bytes[at, end)`. */
  message(code: number, bytes: Buffer, at: number, end: number): void {
    if (code === backend.ready) this.ended = true;
    else if (code === backend.error) this.#error = new BackendError(readBackendFields(bytes, at, end));
  }

  /** The server's error, if it reported one. */
  get error(): Error | undefined {
    return this.#error;
  }
}

/** Takes the bytes of a COPY as they come off the socket, cut anywhere. */
export interface CopyReader {
  /** `bytes` are valid during the call only. False: there is no room; the bytes were kept, and the socket pauses until {@link CopyOut.resume}. */
  chunk(bytes: Buffer): boolean;
}

/**
 * One COPY … TO STDOUT on an idle connection. The socket is `pg`'s again after ReadyForQuery, so
 * chunk after chunk can be read on one connection and one transaction.
 */
export class CopyOut {
  readonly #taken: TakenSocket;
  readonly #doing: string;
  readonly #done = Promise.withResolvers<void>();
  readonly #status: CopyStatus;

  private constructor(connection: Connection, doing: string, status: CopyStatus) {
    this.#taken = new TakenSocket(connection);
    this.#doing = doing;
    this.#status = status;
  }

  /** Sends the statement. `doing` names the work in errors: "reading public.orders". */
  static start(connection: Connection, doing: string, sql: string, reader: CopyReader, status: CopyStatus): CopyOut {
    const copy = new CopyOut(connection, doing, status);
    const { socket } = copy.#taken;
    copy.#taken.onData((bytes) => {
      try {
        if (!reader.chunk(bytes)) copy.#taken.pause();
        copy.settle();
      } catch (error) {
        copy.fail(error as Error);
      }
    });
    const broken = (error?: Error): void =>
      copy.#done.reject(postgresError(doing, error ?? connection.broken ?? new Error('Connection terminated')));
    // `close` says whether there was an error, not which.
    const closed = (): void => broken();
    socket.once('error', broken).once('close', closed);
    const release = (): void => void socket.off('error', broken).off('close', closed);
    copy.#done.promise.then(release, release);
    if (connection.broken !== undefined || socket.destroyed) broken();
    else copy.#taken.query(sql);
    return copy;
  }

  /** Resolves after ReadyForQuery; rejects with the server's or the connection's error. */
  get finished(): Promise<void> {
    return this.#done.promise;
  }

  /** Looks at the status after the reader went through bytes it had kept. */
  settle(): void {
    if (!this.#status.ended) return;
    this.#taken.giveBack();
    if (this.#status.error === undefined) this.#done.resolve();
    else this.#done.reject(postgresError(this.#doing, this.#status.error));
  }

  /** The reader has room again. */
  resume(): void {
    if (!this.#status.ended) this.#taken.resume();
  }

  /** Gives up: the connection is destroyed, and `finished` rejects with this error. */
  fail(error: Error): void {
    this.#done.reject(error);
    this.#taken.socket.destroy();
  }
}
