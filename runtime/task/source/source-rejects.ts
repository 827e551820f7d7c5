import type { RejectedSource } from '../../connector/source.ts';
import { MillraceError } from '../../record/error.ts';
import { deadLetterHeaders, deadLetterPolicy, type DeadLetterPolicy } from '../dead-letters.ts';
import type { TaskConverters } from '../task-converters.ts';
import type { TaskRunContext } from '../task-run-context.ts';
import type { EncodableRecord, RecordEncoder } from './record-encoder.ts';

/** A record as it was before the chain that did not take it. */
export interface UntransformedRecord {
  readonly record: EncodableRecord;
  /** Class of the transform. */
  readonly className: string;
  readonly error: MillraceError;
}

/** What a source could not turn into records: a dead letter in the same shipment, or the end of the run (I5). */
export class SourceRejects {
  readonly #context: TaskRunContext;
  readonly #records: RecordEncoder;
  readonly #converters: TaskConverters;
  readonly #policy: DeadLetterPolicy;

  constructor(context: TaskRunContext, records: RecordEncoder, converters: TaskConverters) {
    this.#context = context;
    this.#records = records;
    this.#converters = converters;
    this.#policy = deadLetterPolicy(context.spec);
  }

  async take(rejected: readonly RejectedSource[], nowMs: number): Promise<void> {
    for (const { raw, source, error } of rejected) {
      if (this.#policy.kind === 'stop') {
        const where = `${JSON.stringify(source.partition)} at ${JSON.stringify(source.offset)}`;
        throw new MillraceError('TASK_RECORD_REJECTED', `a record of ${where} could not be read: ${error.message}`, {
          kind: 'data',
          cause: error,
          remedy: this.#policy.remedy,
        });
      }
      const { spec, report } = this.#context;
      const headers = deadLetterHeaders({ spec, stage: 'TASK_POLL', className: spec.className, error });
      await this.#records.addRaw({ topic: this.#policy.topic, key: null, value: raw, headers }, nowMs);
      report.count('dead_letters_total');
    }
  }

  /** Throws where a record that no transform takes is to stop the run. */
  check({ record, error }: UntransformedRecord): void {
    const policy = this.#policy;
    if (policy.kind !== 'stop' && error.kind === 'data') return;
    const { code, kind, message } = error;
    const remedy = policy.kind === 'stop' ? policy.remedy : error.remedy;
    throw new MillraceError(code, `a record of topic ${record.topic}: ${message}`, {
      kind,
      cause: error,
      ...(remedy === undefined ? {} : { remedy }),
    });
  }

  /** Writes dead letters: key and value as they would have been without the chain. */
  async takeUntransformed(failed: readonly UntransformedRecord[], nowMs: number): Promise<void> {
    const policy = this.#policy;
    if (policy.kind === 'stop') return;
    const { spec, report } = this.#context;
    const { key, value, header } = this.#converters;
    for (const { record, className, error } of failed) {
      const { topic } = record;
      const context = deadLetterHeaders({ spec, stage: 'TRANSFORMATION', className, error });
      const own = (record.headers ?? []).map((one) => ({ key: one.key, value: header.encode(topic, one) }));
      const dead = {
        topic: policy.topic,
        key: record.key === null ? null : key.encode(topic, record.key),
        value: record.value === null ? null : value.encode(topic, record.value),
        headers: [...own, ...context],
      };
      await this.#records.addRaw(dead, nowMs);
      report.count('dead_letters_total');
    }
  }
}
