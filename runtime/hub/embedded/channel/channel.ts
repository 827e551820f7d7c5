import type { MessagePort } from 'node:worker_threads';

/**
 * Frames to the other side, in order. A frame's array buffers listed in `transfer` belong to the
 * receiver afterwards.
 */
export interface Channel<Out, In> {
  send(frame: Out, transfer?: readonly ArrayBuffer[]): void;
  /** Called once. `closed` is called when the other side is gone; no frame follows. */
  receive(frame: (frame: In) => void, closed: () => void): void;
  /** Idempotent. */
  close(): void;
}

/** To another thread. Keeps this one alive until it is closed. */
export class PortChannel<Out, In> implements Channel<Out, In> {
  readonly #port: MessagePort;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  send(frame: Out, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(frame, transfer);
  }

  receive(frame: (frame: In) => void, closed: () => void): void {
    this.#port.on('message', frame);
    this.#port.on('close', closed);
  }

  close(): void {
    this.#port.close();
  }
}

class LocalChannel<Out, In> implements Channel<Out, In> {
  #peer: LocalChannel<In, Out> | null = null;
  #frame: ((frame: In) => void) | null = null;
  #closed: (() => void) | null = null;
  #early: In[] = [];

  join(peer: LocalChannel<In, Out>): void {
    this.#peer = peer;
  }

  send(frame: Out): void {
    const peer = this.#peer;
    if (peer !== null) queueMicrotask(() => peer.#take(frame));
  }

  #take(frame: In): void {
    if (this.#frame === null) this.#early.push(frame);
    else this.#frame(frame);
  }

  receive(frame: (frame: In) => void, closed: () => void): void {
    this.#frame = frame;
    this.#closed = closed;
    for (const early of this.#early.splice(0)) frame(early);
  }

  close(): void {
    const peer = this.#peer;
    this.#peer = null;
    if (peer === null) return;
    queueMicrotask(() => peer.#lost());
    this.#lost();
  }

  #lost(): void {
    this.#peer = null;
    const closed = this.#closed;
    this.#closed = null;
    closed?.();
  }
}

/** Two ends in one thread; nothing is copied. */
export function localChannels<A, B>(): [Channel<A, B>, Channel<B, A>] {
  const left = new LocalChannel<A, B>();
  const right = new LocalChannel<B, A>();
  left.join(right);
  right.join(left);
  return [left, right];
}
