import type { SinkConnector } from '../../../runtime/connector/connector.ts';
import { optionSet } from '../../../runtime/connector/options.ts';
import type {
  Assigned,
  Offsets,
  RedrivenRecord,
  SinkRecord,
  SinkRejection,
  SinkResult,
  SinkTask,
} from '../../../runtime/connector/sink.ts';
import { topicPartitionName, type TopicPartition } from '../../../runtime/record/record.ts';

export interface Written {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly value: unknown;
}

/** A target in memory: what was written, and what is called durable when. */
export class MemoryTarget {
  readonly written: Written[] = [];
  readonly assigned: Assigned[] = [];
  readonly revoked: TopicPartition[] = [];
  /** Only a flush makes durable. */
  holds = false;
  /** How many records each redrive brought. */
  readonly redrives: number[] = [];
  /** Which redriven records are rejected. */
  refuses: (record: SinkRecord) => Error | null = () => null;
  closed = 0;
  flushes = 0;
  /** Called before each write; what it returns is the answer instead. */
  beforeWrite: (
    batch: readonly SinkRecord[],
    signal: AbortSignal,
  ) => SinkResult | undefined | Promise<SinkResult | undefined> = () => undefined;
}

class MemorySinkTask implements SinkTask {
  readonly #target: MemoryTarget;
  readonly #ends = new Map<string, bigint>();

  constructor(target: MemoryTarget) {
    this.#target = target;
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  assign(added: readonly Assigned[]): Promise<void> {
    this.#target.assigned.push(...added);
    return Promise.resolve();
  }

  revoke(removed: readonly TopicPartition[]): Promise<Offsets> {
    this.#target.revoked.push(...removed);
    const names = new Set(removed.map(topicPartitionName));
    return Promise.resolve(new Map([...this.#ends].filter(([name]) => names.has(name))));
  }

  async write(batch: readonly SinkRecord[], signal: AbortSignal): Promise<SinkResult> {
    const answer = await this.#target.beforeWrite(batch, signal);
    if (answer !== undefined) return answer;
    for (const record of batch) {
      const { topic, partition, offset } = record;
      this.#target.written.push({ topic, partition, offset, value: record.value().value });
      this.#ends.set(topicPartitionName(record), offset + 1n);
    }
    return { durable: this.#target.holds ? new Map() : new Map(this.#ends) };
  }

  redrive(batch: readonly RedrivenRecord[]): Promise<{ rejected: SinkRejection[] }> {
    const rejected: SinkRejection[] = [];
    for (const { record } of batch) {
      const error = this.#target.refuses(record);
      const { topic, partition, offset } = record;
      if (error !== null) rejected.push({ record, error });
      else this.#target.written.push({ topic, partition, offset, value: record.value().value });
    }
    this.#target.redrives.push(batch.length);
    return Promise.resolve({ rejected });
  }

  flush(): Promise<SinkResult> {
    this.#target.flushes++;
    return Promise.resolve({ durable: new Map(this.#ends) });
  }

  close(): Promise<void> {
    this.#target.closed++;
    return Promise.resolve();
  }
}

export function memorySink(target: MemoryTarget): SinkConnector {
  return {
    kind: 'sink',
    className: 'MemorySink',
    aliases: [],
    version: '1',
    options: optionSet('memory-sink', {}),
    plan: (config) => [config],
    createTask: () => new MemorySinkTask(target),
  };
}
