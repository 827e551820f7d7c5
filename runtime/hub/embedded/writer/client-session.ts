import { packError } from '../../../record/packed-error.ts';
import type { Channel } from '../channel/channel.ts';
import type { Lane } from './commit-loop.ts';
import { hubError } from '../errors.ts';
import type { ClientFrame, Hello, Response, ServerFrame } from '../channel/protocol.ts';

/** One client as the server sees it. Answers leave together, once a turn. */
export class ClientSession {
  /** For what belongs to no producer. */
  readonly lane: Lane;
  /** Producers that live with this client, each with a lane of its own: none waits behind another's bulk. */
  readonly producers = new Map<number, Lane>();
  readonly #channel: Channel<ServerFrame, ClientFrame>;
  readonly #syncedSeq: () => number;
  #responses: Response[] = [];
  #woken = new Set<number>();
  #flushing = false;

  constructor(channel: Channel<ServerFrame, ClientFrame>, lane: Lane, syncedSeq: () => number) {
    this.#channel = channel;
    this.lane = lane;
    this.#syncedSeq = syncedSeq;
  }

  laneOf(producerId: number): Lane {
    return this.producers.get(producerId) ?? this.lane;
  }

  hello(hello: Hello): void {
    this.#channel.send({ hello, syncedSeq: this.#syncedSeq() });
  }

  answer(id: number, answer: unknown): void {
    this.#push({ id, answer });
  }

  fail(id: number, error: unknown): void {
    this.#push({ id, error: packError(hubError(error)) });
  }

  /** Several partitions that advance in one commit wake once. */
  wake(id: number): void {
    this.#woken.add(id);
    this.#flushSoon();
  }

  #push(response: Response): void {
    this.#responses.push(response);
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    void Promise.resolve().then(() => this.flush());
  }

  flush(): void {
    this.#flushing = false;
    const responses = this.#responses;
    const woken = this.#woken;
    if (responses.length === 0 && woken.size === 0) return;
    this.#responses = [];
    if (woken.size > 0) this.#woken = new Set();
    this.#channel.send({
      ...(responses.length > 0 ? { responses } : {}),
      ...(woken.size > 0 ? { woken: [...woken] } : {}),
      syncedSeq: this.#syncedSeq(),
    });
  }

  close(): void {
    this.flush();
    this.#channel.close();
  }
}
