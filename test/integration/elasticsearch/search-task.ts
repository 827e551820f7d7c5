import { ElasticsearchSinkTask } from '../../../connectors/elasticsearch/task.ts';
import type { RawConfig } from '../../../runtime/connector/options.ts';
import type { Assigned, SinkRecord, SinkRejection, SinkResult } from '../../../runtime/connector/sink.ts';
import { topicPartitionName } from '../../../runtime/record/record.ts';
import { sinkRecord, taskStart, type RecordParts, type Told } from '../../unit/connectors/s3/sink-records.ts';

const STOP = new AbortController().signal;

/** A task written to by a test; keeps what it told. */
export class SearchTask {
  readonly task: ElasticsearchSinkTask;
  readonly told: Told;
  readonly durable = new Map<string, bigint>();
  readonly rejected: SinkRejection[] = [];

  private constructor(task: ElasticsearchSinkTask, told: Told) {
    this.task = task;
    this.told = told;
  }

  /** Opens a task and gives it a partition of a topic. */
  static async open(config: RawConfig, assigned: Partial<Assigned> & { readonly name: string }): Promise<SearchTask> {
    const task = new ElasticsearchSinkTask({ 'retry.backoff.ms': '10', ...config });
    const start = taskStart();
    const opened = new SearchTask(task, start.told);
    try {
      await task.open(start);
      const partition = { topic: assigned.name, partition: 0 };
      await task.assign([{ offset: 0n, topic: { id: 'topic-one', partitions: 1 }, ...assigned, partition }]);
    } catch (error) {
      await task.close();
      throw error;
    }
    return opened;
  }

  async write(parts: readonly RecordParts[]): Promise<void> {
    this.#take(await this.task.write(parts.map(sinkRecord), STOP));
  }

  async writeRecords(records: readonly SinkRecord[]): Promise<void> {
    this.#take(await this.task.write(records, STOP));
  }

  /** Flushes until a partition is durable up to an offset. */
  async until(topic: string, offset: bigint, partition = 0): Promise<void> {
    const name = topicPartitionName({ topic, partition });
    for (let tries = 0; tries < 3000; tries++) {
      this.#take(await this.task.flush(STOP));
      if ((this.durable.get(name) ?? -1n) >= offset) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`${name} is durable up to ${this.durable.get(name)} only`);
  }

  close(): Promise<void> {
    return this.task.close();
  }

  #take({ durable, rejected = [] }: SinkResult): void {
    for (const [name, offset] of durable) this.durable.set(name, offset);
    this.rejected.push(...rejected);
  }
}
