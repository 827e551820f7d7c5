import type { Socket } from 'node:net';
import { deserialize, serialize } from 'node:v8';
import type { Channel } from './channel.ts';

const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** To another process of this machine: frames are a length (u32, big-endian) and what `node:v8` serializes. */
export class SocketChannel<Out, In> implements Channel<Out, In> {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  send(frame: Out): void {
    const body = serialize(frame);
    const head = Buffer.allocUnsafe(4);
    head.writeUInt32BE(body.length);
    this.#socket.write(Buffer.concat([head, body]));
  }

  receive(frame: (frame: In) => void, closed: () => void): void {
    let held: Buffer = Buffer.alloc(0);
    this.#socket.on('data', (chunk: Buffer) => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      while (held.length >= 4) {
        const size = held.readUInt32BE(0);
        if (size > MAX_FRAME_BYTES) {
          this.#socket.destroy();
          return;
        }
        if (held.length < 4 + size) return;
        const body = held.subarray(4, 4 + size);
        held = held.subarray(4 + size);
        frame(deserialize(body) as In);
      }
    });
    // An error is always followed by a close.
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', closed);
  }

  close(): void {
    this.#socket.destroy();
  }
}
