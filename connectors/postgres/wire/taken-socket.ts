import type { Socket } from 'node:net';
import type pg from 'pg';
import { rawSocket } from '../connection.ts';

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
  #ours: Listener | undefined;

  constructor(client: pg.Client) {
    this.socket = rawSocket(client);
    this.#theirs = this.socket.listeners('data') as Listener[];
    for (const listener of this.#theirs) this.socket.off('data', listener);
  }

  /** Sets, or replaces, who gets the bytes. They lie in a buffer that belongs to the receiver. */
  onData(listener: Listener): void {
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
    if (this.#ours !== undefined) this.socket.off('data', this.#ours);
    this.#ours = undefined;
    for (const listener of this.#theirs) this.socket.on('data', listener);
    this.socket.resume();
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
