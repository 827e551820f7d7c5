import type { Socket } from 'node:net';
import { rawSocket, type Connection } from '../connection.ts';
import type { BytesTaker, SocketReads } from './socket-reads.ts';

type Listener = (chunk: Buffer) => void;

/**
 * Takes the socket of an idle client away from `pg`'s parser, so that what the server sends next
 * reaches us only. This has to happen before the command is sent: once the command is answered,
 * the parser may already have swallowed the first CopyData of the same read (D4). Listeners are
 * exchanged within one tick, so no byte is lost between them.
 */
export class TakenSocket {
  readonly socket: Socket;
  readonly #theirs: readonly Listener[];
  readonly #reads: SocketReads | undefined;
  #ours: Listener | undefined;

  constructor(connection: Connection) {
    this.socket = rawSocket(connection.client);
    this.#reads = connection.reads;
    this.#theirs = this.socket.listeners('data') as Listener[];
    for (const listener of this.#theirs) this.socket.off('data', listener);
  }

  /** Sets, or replaces, who gets the bytes. */
  onData(listener: BytesTaker): void {
    if (this.#reads !== undefined) this.#reads.taker = listener;
    if (this.#ours !== undefined) this.socket.off('data', this.#ours);
    this.#ours = listener;
    this.socket.on('data', listener);
  }

  /** Sends a simple Query ('Q'). */
  query(text: string): void {
    const length = Buffer.byteLength(text);
    const frame = Buffer.allocUnsafe(length + 6);
    frame[0] = 0x51;
    frame.writeInt32BE(length + 5, 1);
    frame.write(text, 5, 'utf8');
    frame[length + 5] = 0;
    this.socket.write(frame);
  }

  /** Gives the socket back to `pg`: only after ReadyForQuery, with nothing left unread. */
  giveBack(): void {
    if (this.#reads !== undefined) this.#reads.taker = undefined;
    if (this.#ours !== undefined) this.socket.off('data', this.#ours);
    this.#ours = undefined;
    for (const listener of this.#theirs) this.socket.on('data', listener);
    this.resume();
  }

  pause(): void {
    (this.#reads ?? this.socket).pause();
  }

  resume(): void {
    (this.#reads ?? this.socket).resume();
  }
}

/** Codes of backend messages we meet on a taken socket. */
export const backend = {
  commandComplete: 0x43, // C
  copyData: 0x64, // d
  copyDone: 0x63, // c
  copyBoth: 0x57, // W
  error: 0x45, // E
  notice: 0x4e, // N
  parameterStatus: 0x53, // S
  ready: 0x5a, // Z
} as const;
