import type { Channel } from './channel.ts';
import type { Lane } from './commit-loop.ts';
import { toWire } from './errors.ts';
import type { ClientFrame, Hello, Response, ServerFrame } from './protocol.ts';

/** One client as the server sees it. Answers leave together, once a turn. */
export class ClientSession {
  /** For what belongs to no producer. */
  readonly lane: Lane;
  /** Producers that live with this client, each with a lane of its own: none waits behind another's bulk. */
  readonly producers = new Map<number, Lane>();
  readonly #channel: Channel<ServerFrame, ClientFrame>;
  readonly #syncedSeq: () => number;
  #responses: Response[] = [];
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
    this.#push({ id, error: toWire(error) });
  }

  #push(response: Response): void {
    this.#responses.push(response);
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.flush());
  }

  flush(): void {
    this.#flushing = false;
    const responses = this.#responses;
    if (responses.length === 0) return;
    this.#responses = [];
    this.#channel.send({ responses, syncedSeq: this.#syncedSeq() });
  }

  close(): void {
    this.flush();
    this.#channel.close();
  }
}
