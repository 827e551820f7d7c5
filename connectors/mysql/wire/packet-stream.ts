import type { Socket } from 'node:net';
import { Waiters } from '../../../runtime/change/waiters.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { PacketSplitter } from './packet-splitter.ts';
import { PayloadReader } from './payload-reader.ts';

/**
 * Packets over a socket that is only read when somebody asks: what is not read stays in the kernel, and
 * the server waits (I7).
 */
export class PacketStream {
  readonly packets = new PacketSplitter();
  #socket: Socket;
  #sequence = 0;
  #failure: Error | undefined;
  readonly #waiters = new Waiters();
  readonly #onReadable = (): void => this.#waiters.wake();
  readonly #onError = (error: Error): void => this.#fail(error);
  readonly #onClose = (): void => this.#fail(lost());

  /** The socket is connected. */
  constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen(socket);
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Takes what the socket holds; false: nothing. */
  take(): boolean {
    const chunk = this.#socket.read() as Buffer | null;
    if (chunk === null) return false;
    this.packets.feed(chunk);
    return true;
  }

  /** Waits until the socket holds something, or fails. Rejects with the signal's reason. */
  async wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#socket.readableLength > 0) return;
    if (this.#failure !== undefined) throw this.#failure;
    await this.#waiters.wait(signal);
  }

  /** Ends a wait early: whoever waits looks again. */
  nudge(): void {
    this.#waiters.wake();
  }

  /** The next packet, valid until the next call. */
  async packet(signal: AbortSignal): Promise<PayloadReader> {
    while (!this.packets.next()) if (!this.take()) await this.wait(signal);
    const { bytes, at, end, sequence } = this.packets;
    this.#sequence = sequence + 1;
    return new PayloadReader(bytes, at, end);
  }

  /** Begins a command: sequence numbers start again. */
  command(payload: Buffer): void {
    this.#sequence = 0;
    this.write(payload);
  }

  /** Writes a packet of less than 16 MiB. */
  write(payload: Buffer): void {
    if (this.#failure !== undefined) throw this.#failure;
    const head = Buffer.alloc(4);
    head.writeUIntLE(payload.length, 0, 3);
    head[3] = this.#sequence++ & 0xff;
    this.#socket.write(Buffer.concat([head, payload]));
  }

  /** Goes on over another socket around this one. */
  async replace(make: (socket: Socket) => Promise<Socket>): Promise<void> {
    this.#unlisten(this.#socket);
    const socket = await make(this.#socket);
    this.#socket = socket;
    this.#listen(socket);
  }

  /** `reason`: what whoever waits is told; by default that it was closed. */
  destroy(reason?: MillraceError): void {
    this.#failure ??= reason ?? new MillraceError('MYSQL_CLOSED', 'the connection was closed', { kind: 'closed' });
    this.#socket.destroy();
    this.#waiters.wake();
  }

  #listen(socket: Socket): void {
    socket.on('readable', this.#onReadable).on('error', this.#onError).on('close', this.#onClose);
    socket.on('end', this.#onClose);
  }

  #unlisten(socket: Socket): void {
    socket.off('readable', this.#onReadable).off('error', this.#onError).off('close', this.#onClose);
    socket.off('end', this.#onClose);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#waiters.wake();
  }
}

function lost(): MillraceError {
  return new MillraceError('MYSQL_UNAVAILABLE', 'the server closed the connection', { kind: 'unavailable' });
}
