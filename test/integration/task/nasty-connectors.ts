import type { SourceConnector } from '../../../runtime/connector/connector.ts';
import { optionSet } from '../../../runtime/connector/options.ts';
import type { SourceBatch, SourceTask, SourceTaskStart } from '../../../runtime/connector/source.ts';

/** What a nasty task does wrong, and where; by class name. */
const DEEDS: Readonly<Record<string, () => Promise<void>>> = {
  Hang: () => new Promise(() => undefined),
  Block: () => {
    for (;;);
  },
  Throw: () => Promise.reject(new Error('a nasty error')),
  Exit: () => {
    process.exit(7);
  },
  Memory: () => {
    const held: unknown[] = [];
    for (;;) held.push(Array.from({ length: 1000 }, (_, i) => ({ i })));
  },
  Buffers: async () => {
    const held: Buffer[] = [];
    for (;;) {
      held.push(Buffer.alloc(2 ** 20, 1));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  },
  Uncaught: async () => {
    setTimeout(() => {
      throw new Error('thrown from a timer');
    }, 5);
    await new Promise(() => undefined);
  },
  Reject: async () => {
    void Promise.reject(new Error('nobody caught this'));
    await new Promise(() => undefined);
  },
};

/** Reads one record every few milliseconds, for ever; at the place `where` does its deed. */
class NastyTask implements SourceTask {
  readonly #deed: () => Promise<void>;
  readonly #where: string;
  #at = 0;

  constructor(className: string, where: string) {
    this.#deed = DEEDS[className] ?? (() => Promise.resolve());
    this.#where = where;
  }

  async open({ offsets }: SourceTaskStart): Promise<void> {
    this.#at = Number(offsets[0]?.offset['index'] ?? 0);
    await this.#do('open');
  }

  async read(signal: AbortSignal): Promise<SourceBatch> {
    await new Promise((resolve) => setTimeout(resolve, 2));
    if (this.#where === 'read' && this.#at >= 5) await this.#deed();
    signal.throwIfAborted();
    const index = ++this.#at;
    return {
      records: [{ topic: 'nasty', key: null, value: { schema: null, value: index } }],
      progress: [{ partition: {}, position: { toOffset: () => ({ index }) } }],
    };
  }

  async committed(): Promise<void> {
    await this.#do('committed');
  }

  async close(): Promise<void> {
    await this.#do('close');
  }

  async #do(place: string): Promise<void> {
    if (this.#where === place) await this.#deed();
  }
}

export function nastyConnector(className: string): SourceConnector {
  return {
    kind: 'source',
    className,
    aliases: [],
    version: '1',
    options: optionSet('nasty', {}),
    exactlyOnce: false,
    plan: (config) => [config],
    createTask: (config) => new NastyTask(className, config['where'] ?? 'read'),
  };
}
