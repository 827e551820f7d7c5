import type { TaskContext } from '../../runtime/connector/context.ts';
import type { Offsets, SinkRecord, SinkResult, SinkTask, SinkTaskStart } from '../../runtime/connector/sink.ts';
import type { Env } from '../../runtime/env/env.ts';
import { topicPartitionName, type TopicPartition } from '../../runtime/record/record.ts';
import { asError } from '../../runtime/record/thrown.ts';
import type { VerifiableSinkOptions } from './options.ts';

/** Says what it was given at `write`, and again with `flushed` when offsets are about to be committed. */
export class VerifiableSinkTask implements SinkTask {
  readonly #options: VerifiableSinkOptions;
  #context: TaskContext | null = null;
  #env: Env | null = null;
  #unflushed: { readonly seqno: unknown; readonly record: SinkRecord }[] = [];
  readonly #taken = new Map<string, bigint>();

  constructor(options: VerifiableSinkOptions) {
    this.#options = options;
  }

  open({ context, env }: SinkTaskStart): Promise<void> {
    this.#context = context;
    this.#env = env;
    context.stage('writing');
    return Promise.resolve();
  }

  assign(): Promise<void> {
    return Promise.resolve();
  }

  revoke(removed: readonly TopicPartition[], { lost }: { readonly lost: boolean }): Promise<Offsets> {
    const names = new Set(removed.map(topicPartitionName));
    const own = new Map([...this.#taken].filter(([name]) => names.has(name) && !lost));
    for (const name of names) this.#taken.delete(name);
    return Promise.resolve(own);
  }

  write(batch: readonly SinkRecord[]): Promise<SinkResult> {
    const rejected = [];
    for (const record of batch) {
      this.#taken.set(topicPartitionName(record), record.offset + 1n);
      if (!this.#options['millrace.log.records']) continue;
      try {
        const seqno = numberOf(record.value().value);
        this.#say('received', record, seqno, {});
        this.#unflushed.push({ seqno, record });
      } catch (error) {
        rejected.push({ record, error: asError(error) });
      }
    }
    return Promise.resolve({ durable: new Map(), rejected });
  }

  flush(): Promise<SinkResult> {
    for (const { seqno, record } of this.#unflushed) this.#say('flushed', record, seqno, { flushed: true });
    this.#unflushed = [];
    const durable = new Map(this.#taken);
    this.#taken.clear();
    return Promise.resolve({ durable });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #say(message: string, { topic, partition, offset }: SinkRecord, seqno: unknown, more: object): void {
    const { id } = this.#options;
    this.#context?.log.info(message, {
      name: this.#context.connector,
      task: id,
      sinkTask: id,
      topic,
      partition,
      offset,
      time_ms: this.#env?.clock.nowMs(),
      seqno,
      ...more,
    });
  }
}

/** The number in a value of a verifiable source, whole or with its data; anything else as it is. */
function numberOf(value: unknown): unknown {
  if (value instanceof Map) return (value as ReadonlyMap<unknown, unknown>).get('seqno') ?? null;
  if (typeof value === 'object' && value !== null && 'seqno' in value) return value.seqno;
  return value;
}
