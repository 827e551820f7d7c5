import { optionSet, type RawConfig } from '../../../runtime/connector/options.ts';
import type { Offsets, SinkRecord, SinkResult, SinkTask } from '../../../runtime/connector/sink.ts';
import { topicPartitionName } from '../../../runtime/record/record.ts';
import { behave, behaviourOptions } from '../behaviour.ts';

const options = optionSet('nasty-sink', {}, [behaviourOptions]);

/** Drops records, and makes trouble where it is told to. Not async where that would tame it. */
class NastySink implements SinkTask {
  readonly #config: RawConfig;

  constructor(config: RawConfig) {
    this.#config = config;
  }

  open(): Promise<void> {
    return behave(this.#config, 'open');
  }

  assign(): Promise<void> {
    return behave(this.#config, 'assign');
  }

  revoke(): Promise<Offsets> {
    return behave(this.#config, 'revoke').then(() => new Map());
  }

  write(batch: readonly SinkRecord[]): Promise<SinkResult> {
    return behave(this.#config, 'write').then(() => ({
      durable: new Map(batch.map((record) => [topicPartitionName(record), record.offset + 1n])),
    }));
  }

  flush(): Promise<SinkResult> {
    return behave(this.#config, 'flush').then(() => ({ durable: new Map() }));
  }

  close(): Promise<void> {
    return behave(this.#config, 'close');
  }
}

export const connector = {
  kind: 'sink',
  options,
  plan: (config: RawConfig) => [config],
  createTask: (config: RawConfig) => new NastySink(config),
};
