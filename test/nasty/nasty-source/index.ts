import { setTimeout as sleep } from 'node:timers/promises';
import { option, optionSet, type RawConfig } from '../../../runtime/connector/options.ts';
import type { SourceBatch, SourceTask, SourceTaskStart } from '../../../runtime/connector/source.ts';
import { behave, behaviourOptions } from '../behaviour.ts';

const options = optionSet('nasty-source', { topic: option.string({ doc: 'Topic.', default: 'nasty' }) }, [
  behaviourOptions,
]);
/** Records read before `read` misbehaves. */
const GOOD_RECORDS = 5;

/** Makes a record every few milliseconds, and trouble where it is told to. Not async where that would tame it. */
class NastySource implements SourceTask {
  readonly #config: RawConfig;
  #at = 0;

  constructor(config: RawConfig) {
    this.#config = config;
  }

  open({ offsets }: SourceTaskStart): Promise<void> {
    this.#at = Number(offsets[0]?.offset['index'] ?? 0);
    return behave(this.#config, 'open');
  }

  read(signal: AbortSignal): Promise<SourceBatch> {
    const before = this.#at < GOOD_RECORDS ? Promise.resolve() : behave(this.#config, 'read');
    return before.then(() => this.#next(signal));
  }

  committed(): Promise<void> {
    return behave(this.#config, 'committed');
  }

  close(): Promise<void> {
    return behave(this.#config, 'close');
  }

  async #next(signal: AbortSignal): Promise<SourceBatch> {
    await sleep(5);
    signal.throwIfAborted();
    const index = ++this.#at;
    return {
      records: [{ topic: this.#config['topic'] ?? 'nasty', key: null, value: { schema: null, value: index } }],
      progress: [{ partition: {}, position: { toOffset: () => ({ index }) } }],
    };
  }
}

export const connector = {
  kind: 'source',
  options,
  exactlyOnce: true,
  validate: (config: RawConfig) => behave(config, 'validate').then(() => []),
  check: (call: { config: RawConfig }) => behave(call.config, 'check').then(() => []),
  plan: (config: RawConfig) => behave(config, 'plan').then(() => [config]),
  createTask: (config: RawConfig) => {
    void behave(config, 'create');
    return new NastySource(config);
  },
};
