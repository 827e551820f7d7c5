import type { RejectedSource } from '../../connector/source.ts';
import { MillraceError } from '../../record/error.ts';
import { deadLetterHeaders, deadLetterPolicy, type DeadLetterPolicy } from '../dead-letters.ts';
import type { TaskRunContext } from '../task-run-context.ts';
import type { RecordEncoder } from './record-encoder.ts';

/** What a source could not turn into records: a dead letter in the same shipment, or the end of the run (I5). */
export class SourceRejects {
  readonly #context: TaskRunContext;
  readonly #records: RecordEncoder;
  readonly #policy: DeadLetterPolicy;

  constructor(context: TaskRunContext, records: RecordEncoder) {
    this.#context = context;
    this.#records = records;
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
}
