import type { OnReadOpts, Socket } from 'node:net';

/** What a Unix socket of the server holds at most by default. */
const BUFFER_BYTES = 208 << 10;

/** Takes bytes off the socket; they are valid during the call only. */
export type BytesTaker = (bytes: Buffer) => void;

/**
 * What a plain socket reads comes here, into one buffer that is used again and again: Node would
 * allocate 64 KiB for every read, however little there is. Unlike that of a stream, its pause stops
 * reading at once, so the server's small messages gather in the kernel and wake nobody.
 *
 * Where nobody has taken the bytes they are the socket's own `data` events, as `pg` wants them.
 */
export class SocketReads implements OnReadOpts {
  readonly buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  readonly callback = (count: number): boolean => {
    const bytes = this.buffer.subarray(0, count);
    if (this.taker === undefined) this.#socket?.emit('data', Buffer.from(bytes));
    else this.taker(bytes);
    // A pause that follows a resume in the same tick is undone by the stream.
    return !this.#paused;
  };
  taker: BytesTaker | undefined;
  #socket: Socket | undefined;
  #paused = false;

  attach(socket: Socket): Socket {
    this.#socket = socket;
    return socket;
  }

  pause(): void {
    this.#paused = true;
    this.#socket?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#socket?.resume();
  }
}
