import type { Assigned, SinkRecord, SinkRejection } from '../../connector/sink.ts';
import { BatchBuilder } from '../../hub/batch/batch-builder.ts';
import type { HubProducer } from '../../hub/port.ts';
import { MillraceError } from '../../record/error.ts';
import {
  DEAD_LETTER_TOPIC,
  deadLetterHeaders,
  deadLetterPolicy,
  type DeadLetter,
  type DeadLetterPolicy,
} from '../error/dead-letters.ts';
import { ErrorLog } from '../error/error-log.ts';
import type { TaskRunContext } from '../task-run-context.ts';
import { coordinates } from './record-decoder.ts';
import type { UntransformedRejection } from './sink-transforms.ts';
import { TransformedSinkRecord } from './transformed-record.ts';

/** A producer knows a topic by what it found at first; nothing was appended where the hub says one of these. */
const OF_ANOTHER_TOPIC = new Set(['HUB_UNKNOWN_TOPIC', 'HUB_OUT_OF_ORDER_SEQUENCE']);

/** What a sink would not take: written to the dead-letter topic durably, or the end of the run (I5). */
export class SinkRejects {
  readonly #context: TaskRunContext;
  readonly policy: DeadLetterPolicy;
  /** Of the topics that were assigned, by name. */
  readonly topicIds = new Map<string, string>();
  /** Called for each record that becomes a dead letter. */
  onDead: (record: SinkRecord) => void = () => undefined;
  readonly #log: ErrorLog;
  #producer: Promise<HubProducer> | null = null;

  constructor(context: TaskRunContext) {
    this.#context = context;
    this.policy = deadLetterPolicy(context.spec, 'sink');
    this.#log = new ErrorLog(context.spec.config, context.report.log);
  }

  assigned(added: readonly Assigned[]): void {
    for (const { partition, topic } of added) if (topic !== undefined) this.topicIds.set(partition.topic, topic.id);
  }

  /** Resolves when all are durable in the dead-letter topic; offsets may then pass them. */
  async take(rejected: readonly (SinkRejection | UntransformedRejection)[]): Promise<void> {
    const first = rejected[0];
    if (first === undefined) return;
    const policy = this.policy;
    if (policy.kind === 'stop') {
      const { record, error } = first;
      this.#log.failed(this.#letter(first), () => ({ timestampMs: record.timestampMs }));
      throw new MillraceError('TASK_RECORD_REJECTED', `record ${coordinates(record)} was rejected: ${error.message}`, {
        kind: 'data',
        cause: error,
        remedy: policy.remedy,
      });
    }
    for (const { topic, batch } of this.batches(rejected)) await this.#append(topic, batch);
    this.#context.report.count('dead_letters_total', rejected.length);
  }

  /** Dead letters as batches, for a transaction of the caller's own. None where the task is to stop. */
  batches(
    rejected: readonly (SinkRejection | UntransformedRejection)[],
  ): { readonly topic: string; readonly partition: number; readonly batch: Buffer }[] {
    const { policy } = this;
    const batches: { topic: string; partition: number; batch: Buffer }[] = [];
    if (policy.kind === 'stop') return batches;
    const { topic } = policy;
    const builder = new BatchBuilder();
    const finish = (): number => batches.push({ topic, partition: 0, batch: builder.finish() });
    for (const rejection of rejected) {
      this.#add(builder, rejection, policy.contextHeaders);
      if (builder.full) finish();
    }
    if (builder.count > 0) finish();
    return batches;
  }

  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = null;
    await (await producer)?.close();
  }

  /** The record as it stood in the hub, what went wrong after its own headers. */
  #add(builder: BatchBuilder, rejection: SinkRejection | UntransformedRejection, contextHeaders: boolean): void {
    const record = originalOf(rejection);
    const letter = this.#letter(rejection);
    this.#log.failed(letter, () => ({ timestampMs: record.timestampMs }));
    const headers = deadLetterHeaders(letter, record.headers, contextHeaders);
    builder.add(record.timestampMs, record.rawKey, record.rawValue, headers);
    this.onDead(record);
  }

  #letter(rejection: SinkRejection | UntransformedRejection): DeadLetter {
    const { spec, env } = this.#context;
    const { topic, partition, offset } = rejection.record;
    return {
      spec,
      stage: 'stage' in rejection ? rejection.stage : 'TASK_PUT',
      className: ('className' in rejection ? rejection.className : undefined) ?? spec.className,
      error: rejection.error,
      form: 'sink',
      from: { topic, partition, offset, topicId: this.topicIds.get(topic) },
      atMs: env.clock.nowMs(),
    };
  }

  /** Where the topic was deleted while the task ran, a new producer makes it again, or finds the one made since. */
  async #append(topic: string, batch: Buffer): Promise<void> {
    try {
      // What is appended may be gone from this thread: a copy is, so that it can be sent again.
      await this.#put(topic, Buffer.from(batch));
    } catch (error) {
      if (!(error instanceof MillraceError) || !OF_ANOTHER_TOPIC.has(error.code)) throw error;
      this.#context.report.log.warn('the dead-letter topic was deleted: dead letters go to a new one', { topic });
      await this.close();
      await this.#put(topic, batch);
    }
  }

  async #put(topic: string, batch: Buffer): Promise<void> {
    this.#producer ??= this.#context.hub.producer({ acks: 'all', createTopics: () => DEAD_LETTER_TOPIC });
    const producer = await this.#producer;
    await producer.partitions(topic);
    await producer.append(topic, 0, batch);
  }
}

/** A dead letter is what stands in the hub, so that it can go through a mended chain. */
function originalOf({ record }: SinkRejection): SinkRecord {
  return record instanceof TransformedSinkRecord ? record.original : record;
}
