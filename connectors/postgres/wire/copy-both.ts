import type { Connection } from '../connection.ts';
import { BackendError, postgresError, readBackendFields } from './backend-error.ts';
import { backend, TakenSocket } from './taken-socket.ts';

/** Who reads a CopyBoth stream. Calls come from the socket's events, one at a time. */
interface CopyBothReader {
  /** Bytes as they arrive, valid during the call only; the first chunk begins at a frame. */
  chunk(bytes: Buffer): void;
  /** The connection is gone, or the server ended the copy; nothing follows. */
  ended(error: Error | undefined): void;
}

/**
 * CopyBoth mode after START_REPLICATION (protocol, "Streaming Replication Protocol"):
 *
 *     us → Query; server → CopyBothResponse ('W'); then CopyData ('d') both ways
 */
export class CopyBoth {
  readonly #taken: TakenSocket;
  readonly #connection: Connection;
  #ended = false;

  private constructor(connection: Connection, taken: TakenSocket) {
    this.#connection = connection;
    this.#taken = taken;
  }

  /** Sends the command; resolves once the server is in CopyBoth mode. Rejects with the server's error. */
  static start(connection: Connection, command: string, reader: CopyBothReader): Promise<CopyBoth> {
    const taken = new TakenSocket(connection);
    const copy = new CopyBoth(connection, taken);
    return new Promise((resolve, reject) => {
      let started = false;
      let held: Buffer = Buffer.alloc(0);
      const close = (error?: Error): void => {
        if (copy.#ended) return;
        copy.#ended = true;
        if (started) reader.ended(error);
        else reject(postgresError('starting replication', error ?? new Error('Connection terminated')));
      };
      taken.socket.once('error', close);
      taken.socket.once('close', () => close(connection.broken));
      taken.onData((chunk) => {
        held = Buffer.concat([held, chunk]);
        const answer = readStart(held);
        if (answer === undefined) return;
        if (answer instanceof Error) {
          copy.#ended = true;
          reject(answer);
          return;
        }
        started = true;
        taken.onData((bytes) => reader.chunk(bytes));
        resolve(copy);
        if (answer < held.length) reader.chunk(held.subarray(answer));
      });
      taken.query(command);
    });
  }

  /** Sends one CopyData; `body` is not kept. */
  send(body: Uint8Array): void {
    if (this.#ended || !this.#taken.socket.writable) return;
    const frame = Buffer.allocUnsafe(body.length + 5);
    frame[0] = backend.copyData;
    frame.writeInt32BE(body.length + 4, 1);
    frame.set(body, 5);
    this.#taken.socket.write(frame);
  }

  pause(): void {
    this.#taken.pause();
  }

  resume(): void {
    this.#taken.resume();
  }

  /** Ends the copy and the connection; idempotent. The server sees CopyDone before the close. */
  async close(): Promise<void> {
    const { socket } = this.#taken;
    if (!this.#ended && socket.writable) {
      this.#ended = true;
      this.#taken.onData(() => undefined);
      this.#taken.resume();
      socket.end(Buffer.from([backend.copyDone, 0, 0, 0, 4]));
      await new Promise<void>((resolve) => {
        socket.once('close', () => resolve());
        socket.destroySoon();
      });
    }
    this.#ended = true;
    this.#connection.destroy();
  }

  /** Cuts the connection at once; the reader hears nothing more. */
  destroy(): void {
    this.#ended = true;
    this.#connection.destroy();
  }
}

/** Where the first CopyData begins, the error that came instead, or undefined: more bytes are needed. */
function readStart(bytes: Buffer): number | Error | undefined {
  let at = 0;
  while (at + 5 <= bytes.length) {
    const code = bytes[at];
    const end = at + 1 + bytes.readInt32BE(at + 1);
    if (end > bytes.length) return undefined;
    if (code === backend.copyBoth) return end;
    if (code === backend.error) return new BackendError(readBackendFields(bytes, at + 5, end));
    if (code !== backend.notice && code !== backend.parameterStatus) {
      return new Error(`unexpected answer '${String.fromCharCode(code ?? 0)}' to START_REPLICATION`);
    }
    at = end;
  }
  return undefined;
}
