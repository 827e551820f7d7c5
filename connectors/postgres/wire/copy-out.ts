import type { Connection } from '../connection.ts';
import { BackendError, postgresError, readBackendFields } from './backend-error.ts';
import { backend, TakenSocket } from './taken-socket.ts';

/**
 * Who gets the data of a COPY … TO STDOUT. The bytes lie in a buffer that is used again: copy what
 * outlives the call. The server sends one CopyData a row (and, in binary format, the header with
 * the first and the trailer by itself).
 */
export interface CopyOutReader {
  data(bytes: Buffer, at: number, length: number): void;
  /** After all data of one socket read. A promise pauses the socket until it resolves (I7). */
  drained?(): Promise<void> | undefined;
}

/**
 * Runs `COPY (…) TO STDOUT` on an idle connection and resolves after ReadyForQuery; the connection
 * can be used again, also after an error of the server. On abort the connection is cut: it is of
 * no use to the server's end of an unread COPY.
 */
export function copyOut(
  connection: Connection,
  command: string,
  reader: CopyOutReader,
  signal: AbortSignal,
): Promise<void> {
  const doing = 'reading a COPY';
  signal.throwIfAborted();
  const taken = new TakenSocket(connection.client);
  return new Promise((resolve, reject) => {
    const frames = new CopyOutFrames(reader);
    const finish = (error?: unknown): void => {
      signal.removeEventListener('abort', abort);
      taken.socket.off('error', finish);
      taken.socket.off('close', closed);
      if (error === undefined) resolve();
      else reject(postgresError(doing, error));
    };
    const abort = (): void => {
      connection.destroy();
      signal.removeEventListener('abort', abort);
      taken.socket.off('close', closed);
      reject(signal.reason as Error);
    };
    const closed = (): void => finish(connection.broken ?? new Error('Connection terminated unexpectedly'));
    const fail = (error: unknown): void => {
      connection.destroy();
      finish(error);
    };
    signal.addEventListener('abort', abort, { once: true });
    taken.socket.once('error', finish);
    taken.socket.once('close', closed);
    taken.onData((chunk) => {
      try {
        if (frames.take(chunk)) {
          taken.giveBack();
          finish(frames.error);
          return;
        }
        const wait = reader.drained?.();
        if (wait === undefined) return;
        taken.socket.pause();
        wait.then(() => taken.socket.resume(), fail);
      } catch (error) {
        fail(error);
      }
    });
    taken.query(command);
  });
}

/** Splits a COPY's answer: CopyOutResponse, CopyData…, CopyDone, CommandComplete, ReadyForQuery. */
export class CopyOutFrames {
  error: Error | undefined;
  readonly #reader: CopyOutReader;
  #held: Buffer | undefined;
  #heldLength = 0;

  constructor(reader: CopyOutReader) {
    this.#reader = reader;
  }

  /** True after ReadyForQuery. */
  take(chunk: Buffer): boolean {
    const bytes = this.#join(chunk);
    let at = 0;
    while (at + 5 <= bytes.length) {
      const end = at + 1 + bytes.readInt32BE(at + 1);
      if (end > bytes.length) break;
      const code = bytes[at];
      if (code === backend.copyData) this.#reader.data(bytes, at + 5, end - at - 5);
      else if (code === backend.error) this.error = new BackendError(readBackendFields(bytes, at + 5, end));
      else if (code === backend.ready) return true;
      at = end;
    }
    this.#keep(bytes, at);
    return false;
  }

  /** The unfinished frame before, and the chunk. A frame of many chunks is gathered in one growing buffer. */
  #join(chunk: Buffer): Buffer {
    const held = this.#held;
    if (held === undefined || this.#heldLength === 0) return chunk;
    const length = this.#heldLength + chunk.length;
    let into = held;
    if (length > held.length) {
      into = Buffer.allocUnsafeSlow(Math.max(length, held.length * 2));
      held.copy(into, 0, 0, this.#heldLength);
      this.#held = into;
    }
    chunk.copy(into, this.#heldLength);
    this.#heldLength = length;
    return into.subarray(0, length);
  }

  #keep(bytes: Buffer, at: number): void {
    const left = bytes.length - at;
    if (left === 0) {
      this.#heldLength = 0;
      return;
    }
    if (this.#held !== undefined && bytes.buffer === this.#held.buffer) {
      if (at > 0) this.#held.copyWithin(0, at, bytes.length);
    } else {
      if (this.#held === undefined || this.#held.length < left)
        this.#held = Buffer.allocUnsafeSlow(Math.max(left * 2, 65536));
      bytes.copy(this.#held, 0, at);
    }
    this.#heldLength = left;
  }
}
