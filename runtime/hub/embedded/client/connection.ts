import type { Env } from '../../../env/env.ts';
import { unpackError } from '../../../record/packed-error.ts';
import type { Channel } from '../channel/channel.ts';
import { hubClosed } from '../errors.ts';
import { Pacer } from '../pacer.ts';
import type {
  Answer,
  Ask,
  ClientFrame,
  FollowFrom,
  Hello,
  Operation,
  Request,
  ServerFrame,
} from '../channel/protocol.ts';

interface Pending {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** How long a steady stream of small appends is gathered: a wake-up of the writer's thread costs more than they do. */
const GATHER_MS = 2;
/** Appends of this many bytes do not wait for company. */
const FULL_BYTES = 64 * 1024;

/** Sent in order, and worth to be gathered: each frame wakes the writer's thread. */
const PATIENT = new Set<Operation>(['append', 'endTransaction', 'commitOffsets']);
/** Independent of what was asked before: sent past the others. */
const LOOSE = new Set<Operation>(['follow', 'assignment', 'activeGroups', 'stats']);

/**
 * A client's end of the channel: requests and their answers. What is asked in one turn of the
 * loop leaves as one frame, in order; a steady stream of small appends is gathered for longer ({@link Pacer}).
 */
export class Connection {
  readonly hello: Promise<Hello>;
  readonly #channel: Channel<ClientFrame, ServerFrame>;
  readonly #pending = new Map<number, Pending>();
  readonly #synced: (seq: number) => void;
  readonly #followers = new Map<number, () => void>();
  #queue: Request[] = [];
  #transfer: ArrayBuffer[] = [];
  #queuedBytes = 0;
  /** What the queue waits for: nothing yet, company, the end of this turn. */
  #waiting: 'no' | 'gathering' | 'leaving' = 'no';
  readonly #pacer: Pacer;
  #nextId = 1;
  #closed = false;
  #greet: (hello: Hello) => void = () => undefined;
  #ungreeted: (error: Error) => void = () => undefined;

  /** `synced` is told the watermark with every frame. */
  constructor(channel: Channel<ClientFrame, ServerFrame>, env: Env, synced: (seq: number) => void = () => undefined) {
    this.#channel = channel;
    this.#pacer = new Pacer(env, GATHER_MS);
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
      if (!this.#closed) this.#channel.send([{ op: 'cancel', id }]);
      pending?.reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true });
    return promise.finally(() => signal.removeEventListener('abort', abort));
  }

  /** Calls `woken` whenever one of the partitions advances, and when the connection ends. Returns how to stop it. */
  follow(from: readonly FollowFrom[], woken: () => void): () => void {
    if (this.#closed) throw hubClosed();
    const id = this.#nextId++;
    this.#followers.set(id, woken);
    this.#channel.send([{ id, op: 'follow', ask: { from } }]);
    return () => {
      if (this.#followers.delete(id) && !this.#closed) this.#channel.send([{ op: 'cancel', id }]);
    };
  }

  #send<O extends Operation>(op: O, ask: Ask<O>, transfer?: ArrayBuffer): { id: number; promise: Promise<Answer<O>> } {
    const id = this.#nextId++;
    if (this.#closed) return { id, promise: Promise.reject(hubClosed()) };
    const promise = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    const request = { id, op, ask } as Request;
    if (LOOSE.has(op)) this.#channel.send([request]);
    else this.#enqueue(request, transfer);
    return { id, promise: promise as Promise<Answer<O>> };
  }

  #enqueue(request: Request, transfer?: ArrayBuffer): void {
    if (transfer !== undefined) this.#transfer.push(transfer);
    this.#queue.push(request);
    if (request.op === 'append') this.#queuedBytes += request.ask.batch.byteLength;
    const patient = PATIENT.has(request.op) && this.#queuedBytes < FULL_BYTES;
    if (this.#waiting === 'gathering' && !patient) {
      this.#pacer.hurry();
    } else if (this.#waiting === 'no') {
      const waitMs = patient ? this.#pacer.take() : 0;
      if (waitMs > 0) void this.#gather(waitMs);
      else this.#leave();
    }
  }

  async #gather(ms: number): Promise<void> {
    this.#waiting = 'gathering';
    await this.#pacer.wait(ms);
    this.#leave();
  }

  #leave(): void {
    this.#waiting = 'leaving';
    void Promise.resolve().then(() => this.#flush());
  }

  #flush(): void {
    const frame = this.#queue;
    this.#waiting = 'no';
    if (frame.length === 0 || this.#closed) return;
    const transfer = this.#transfer;
    this.#queue = [];
    this.#transfer = [];
    this.#queuedBytes = 0;
    this.#channel.send(frame, transfer);
  }

  #receive(frame: ServerFrame): void {
    this.#synced(frame.syncedSeq);
    if (frame.hello !== undefined) this.#greet(frame.hello);
    for (const id of frame.woken ?? []) this.#followers.get(id)?.();
    for (const response of frame.responses ?? []) {
      const pending = this.#pending.get(response.id);
      this.#pending.delete(response.id);
      if ('error' in response) pending?.reject(unpackError(response.error));
      else pending?.resolve(response.answer);
    }
  }

  #lost(): void {
    this.#closed = true;
    this.#pacer.hurry();
    this.#ungreeted(hubClosed());
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(hubClosed());
    const followers = [...this.#followers.values()];
    this.#followers.clear();
    for (const woken of followers) woken();
  }

  close(): void {
    this.#flush();
    this.#channel.close();
    this.#lost();
  }
}
