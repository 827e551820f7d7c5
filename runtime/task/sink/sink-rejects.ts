import type { SinkRecord, SinkRejection } from '../../connector/sink.ts';
import { BatchBuilder } from '../../hub/batch/batch-builder.ts';
import type { HubProducer } from '../../hub/port.ts';
import { MillraceError } from '../../record/error.ts';
import { deadLetterHeaders, deadLetterPolicy, type DeadLetter, type DeadLetterPolicy } from '../dead-letters.ts';
import { ErrorLog } from '../error-log.ts';
import type { TaskRunContext } from '../task-run-context.ts';
import { coordinates } from './record-decoder.ts';
import type { UntransformedRejection } from './sink-transforms.ts';
import { TransformedSinkRecord } from './transformed-record.ts';

/** What a sink would not take: written to the dead-letter topic durably, or the end of the run (I5). */
export class SinkRejects {
  readonly #context: TaskRunContext;
  readonly #policy: DeadLetterPolicy;
  readonly #log: ErrorLog;
  #producer: Promise<HubProducer> | null = null;

  constructor(context: TaskRunContext) {
    this.#context = context;
    this.#policy = deadLetterPolicy(context.spec, 'sink');
    this.#log = new ErrorLog(context.spec.config, context.report.log);
  }

  /** Resolves when all are durable in the dead-letter topic; offsets may then pass them. */
  async take(rejected: readonly (SinkRejection | UntransformedRejection)[]): Promise<void> {
    const first = rejected[0];
    if (first === undefined) return;
    const policy = this.#policy;
    if (policy.kind === 'stop') {
      const { record, error } = first;
      this.#log.failed(this.#letter(first), () => ({ timestampMs: record.timestampMs }));
      throw new MillraceError('TASK_RECORD_REJECTED', `record ${coordinates(record)} was rejected: ${error.message}`, {
        kind: 'data',
        cause: error,
        remedy: policy.remedy,
      });
    }
    const builder = new BatchBuilder();
    for (const rejection of rejected) {
      this.#add(builder, rejection, policy.contextHeaders);
      if (builder.full) await this.#append(policy.topic, builder);
    }
    if (builder.count > 0) await this.#append(policy.topic, builder);
    this.#context.report.count('dead_letters_total', rejected.length);
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
      from: { topic, partition, offset },
      atMs: env.clock.nowMs(),
    };
  }

  async #append(topic: string, builder: BatchBuilder): Promise<void> {
    // One partition, as Connect makes it (`DeadLetterQueueReporter`).
    this.#producer ??= this.#context.hub.producer({ acks: 'all', createTopics: () => ({ partitions: 1 }) });
    const producer = await this.#producer;
    await producer.partitions(topic);
    await producer.append(topic, 0, builder.finish());
  }
}

/** A dead letter is what stands in the hub, so that it can go through a mended chain. */
function originalOf({ record }: SinkRejection): SinkRecord {
  return record instanceof TransformedSinkRecord ? record.original : record;
}
