import type { Channel } from './channel.ts';
import { fromWire, hubClosed } from './errors.ts';
import type { Answer, Ask, ClientFrame, Hello, Operation, Request, ServerFrame } from './protocol.ts';

interface Pending {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A client's end of the channel: requests and their answers. What is asked in one turn of the
 * loop leaves as one frame, in order.
 */
export class Connection {
  readonly hello: Promise<Hello>;
  readonly #channel: Channel<ClientFrame, ServerFrame>;
  readonly #pending = new Map<number, Pending>();
  readonly #synced: (seq: number) => void;
  #queue: (Request | { readonly op: 'cancel'; readonly id: number })[] = [];
  #transfer: ArrayBuffer[] = [];
  #nextId = 1;
  #closed = false;
  #greet: (hello: Hello) => void = () => undefined;
  #ungreeted: (error: Error) => void = () => undefined;

  /** `synced` is told the watermark with every frame. */
  constructor(channel: Channel<ClientFrame, ServerFrame>, synced: (seq: number) => void = () => undefined) {
    this.#channel = channel;
    this.#synced = synced;
    this.hello = new Promise((resolve, reject) => {
      this.#greet = resolve;
      this.#ungreeted = reject;
    });
    this.hello.catch(() => undefined);
    channel.receive(
      (frame) => this.#receive(frame),
      () => this.#lost(),
    );
  }

  get closed(): boolean {
    return this.#closed;
  }

  ask<O extends Operation>(op: O, ask: Ask<O>, transfer?: ArrayBuffer): Promise<Answer<O>> {
    return this.#send(op, ask, transfer).promise;
  }

  /** As {@link ask}, given up when the signal aborts. */
  askUntil<O extends Operation>(op: O, ask: Ask<O>, signal: AbortSignal): Promise<Answer<O>> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    const { id, promise } = this.#send(op, ask);
    const abort = (): void => {
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      this.#enqueue({ op: 'cancel', id });
      pending?.reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true });
    return promise.finally(() => signal.removeEventListener('abort', abort));
  }

  #send<O extends Operation>(op: O, ask: Ask<O>, transfer?: ArrayBuffer): { id: number; promise: Promise<Answer<O>> } {
    const id = this.#nextId++;
    if (this.#closed) return { id, promise: Promise.reject(hubClosed()) };
    const promise = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    if (transfer !== undefined) this.#transfer.push(transfer);
    this.#enqueue({ id, op, ask } as Request);
    return { id, promise: promise as Promise<Answer<O>> };
  }

  #enqueue(request: Request | { readonly op: 'cancel'; readonly id: number }): void {
    if (this.#closed) return;
    this.#queue.push(request);
    if (this.#queue.length === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const frame = this.#queue;
    if (frame.length === 0 || this.#closed) return;
    const transfer = this.#transfer;
    this.#queue = [];
    this.#transfer = [];
    this.#channel.send(frame, transfer);
  }

  #receive(frame: ServerFrame): void {
    this.#synced(frame.syncedSeq);
    if (frame.hello !== undefined) this.#greet(frame.hello);
    for (const response of frame.responses ?? []) {
      const pending = this.#pending.get(response.id);
      this.#pending.delete(response.id);
      if ('error' in response) pending?.reject(fromWire(response.error));
      else pending?.resolve(response.answer);
    }
  }

  #lost(): void {
    this.#closed = true;
    this.#ungreeted(hubClosed());
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(hubClosed());
  }

  close(): void {
    this.#flush();
    this.#channel.close();
    this.#lost();
  }
}
