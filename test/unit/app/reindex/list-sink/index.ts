import { optionSet, type RawConfig } from '../../../../../runtime/connector/options.ts';
import type { SinkRecord, SinkRejection, SinkResult, SinkTask } from '../../../../../runtime/connector/sink.ts';
import type { Replacement, SinkRebuild } from '../../../../../runtime/connector/sink-target.ts';
import { topicPartitionName } from '../../../../../runtime/record/record.ts';

/** Two lists in this process: one serves, one is built beside it. Tells what was done to them, in order. */
class Lists implements SinkRebuild {
  readonly steps: string[] = [];
  serving: readonly string[] = [];
  readonly #built: string[] = [];
  /** Values that are not taken. */
  refused = '';
  /** What happens right before the switch. */
  beforeTake: () => Promise<void> = async () => {};

  /** As on the first day. */
  clear(): void {
    this.steps.length = 0;
    this.serving = [];
    this.#built.length = 0;
    this.refused = '';
    this.beforeTake = async () => {};
  }

  async create(): Promise<void> {
    this.steps.push('create');
  }

  createTask(): SinkTask {
    return {
      open: async () => {},
      assign: async () => {},
      revoke: async () => new Map(),
      write: async (batch) => this.#write(batch),
      close: async () => {},
    };
  }

  #write(batch: readonly SinkRecord[]): SinkResult {
    const rejected: SinkRejection[] = [];
    for (const record of batch) {
      const value = String(record.value().value);
      if (value === this.refused) rejected.push({ record, error: new Error(`no ${value}`) });
      else this.#built.push(value);
    }
    return { durable: new Map(batch.map((record) => [topicPartitionName(record), record.offset + 1n])), rejected };
  }

  async built(): Promise<readonly Replacement[]> {
    return [{ name: 'list', shadow: 'list-new' }];
  }

  async refresh(): Promise<void> {
    this.steps.push('refresh');
  }

  async count(): Promise<number> {
    return this.serving.length;
  }

  async take(): Promise<readonly string[]> {
    await this.beforeTake();
    this.steps.push('take');
    this.serving = [...this.#built];
    return [];
  }

  async discard(): Promise<void> {
    this.steps.push('discard');
  }

  async close(): Promise<void> {
    this.steps.push('close');
  }
}

export const lists = new Lists();

export const connector = {
  kind: 'sink',
  options: optionSet('list-sink', {}),
  plan: (config: RawConfig) => [config],
  createTask: () => lists.createTask(),
  rebuild: async () => lists,
};
