import type { RejectedSource, SourceOffset, SourceRecord } from '../../connector/source.ts';
import { JsonConverter } from '../../convert/json-converter.ts';
import { MillraceError } from '../../record/error.ts';
import type { ErrorStage } from '../error/dead-letter-facts.ts';
import { deadLetterHeaders, deadLetterPolicy, type DeadLetter, type DeadLetterPolicy } from '../error/dead-letters.ts';
import { ErrorLog } from '../error/error-log.ts';
import type { TaskConverters } from '../task-converters.ts';
import type { TaskRunContext } from '../task-run-context.ts';
import type { EncodableRecord, RecordEncoder } from './record-encoder.ts';

/** A record as it was before what did not take it: the chain, or a converter. */
export interface FailedRecord {
  readonly record: EncodableRecord & Pick<SourceRecord, 'source'>;
  readonly stage: ErrorStage;
  /** Class of the transform or converter. */
  readonly className: string;
  readonly error: MillraceError;
  /** What is kept in place of the record's value, where there is none: a row's raw cells, or bytes that nobody could read. */
  readonly kept?: { readonly form: 'cells' | 'raw'; readonly bytes: Uint8Array };
}

/**
 * What a source could not turn into records: dead letters of the same shipment, in exactly-once of the
 * same transaction, or the end of the run (I5). Records are kept with their schemas, independent of the
 * converters, which may be what failed.
 */
export class SourceRejects {
  readonly #context: TaskRunContext;
  readonly #records: RecordEncoder;
  readonly #converters: TaskConverters;
  readonly #policy: DeadLetterPolicy;
  readonly #log: ErrorLog;
  readonly #json = new JsonConverter({ 'schemas.enable': 'true' });
  #failed: FailedRecord[] = [];
  /** Where the batch at hand ends, for records that do not say where they are from. */
  #standing: () => SourceOffset | undefined = () => undefined;

  constructor(context: TaskRunContext, records: RecordEncoder, converters: TaskConverters) {
    this.#context = context;
    this.#records = records;
    this.#converters = converters;
    this.#policy = deadLetterPolicy(context.spec, 'source');
    this.#log = new ErrorLog(context.spec.config, context.report.log);
  }

  /** To be called before each source batch. */
  begin(standing: () => SourceOffset | undefined): void {
    this.#standing = standing;
  }

  /** Dead letters of what the connector could not read. */
  async take(rejected: readonly RejectedSource[], nowMs: number): Promise<void> {
    for (const { raw, source, error } of rejected) {
      const { spec } = this.#context;
      const what = { stage: 'TASK_POLL', className: spec.className, form: 'raw' } as const;
      const letter: DeadLetter = { spec, ...what, error, source, atMs: nowMs };
      this.#log.failed(letter, () => ({ value: raw }));
      if (this.#policy.kind === 'stop') {
        const where = `${JSON.stringify(source.partition)} at ${JSON.stringify(source.offset)}`;
        throw new MillraceError('TASK_RECORD_REJECTED', `a record of ${where} could not be read: ${error.message}`, {
          kind: 'data',
          cause: error,
          remedy: this.#policy.remedy,
        });
      }
      const { topic, contextHeaders } = this.#policy;
      await this.#records.addRaw(
        { topic, key: null, value: raw, headers: deadLetterHeaders(letter, [], contextHeaders) },
        nowMs,
      );
      this.#context.report.count('dead_letters_total');
    }
  }

  /** Keeps a record for {@link settle}; throws where it is to stop the run. */
  failed(one: FailedRecord): void {
    const policy = this.#policy;
    const { record, error } = one;
    if (policy.kind !== 'stop' && error.kind === 'data') {
      this.#failed.push(one);
      return;
    }
    this.#log.failed(this.#letter(one, this.#context.env.clock.nowMs()), () => ({ timestampMs: record.timestampMs }));
    if (one.stage !== 'TRANSFORMATION' || one.kept !== undefined) throw error;
    const { code, kind, message } = error;
    const remedy = error.kind === 'data' && policy.kind === 'stop' ? policy.remedy : error.remedy;
    throw new MillraceError(code, `a record of topic ${record.topic}: ${message}`, {
      kind,
      cause: error,
      ...(remedy === undefined ? {} : { remedy }),
    });
  }

  /** Writes the dead letters of what failed since the last call. */
  async settle(nowMs: number): Promise<void> {
    const policy = this.#policy;
    if (this.#failed.length === 0 || policy.kind === 'stop') return;
    const failed = this.#failed;
    this.#failed = [];
    for (const one of failed) {
      const { record } = one;
      const letter = this.#letter(one, nowMs);
      const { header } = this.#converters;
      const own = (record.headers ?? []).map((of) => ({ key: of.key, value: header.encode(record.topic, of) }));
      const dead = {
        topic: policy.topic,
        key: record.key === null ? null : this.#json.encode(record.topic, record.key),
        value: one.kept?.bytes ?? (record.value === null ? null : this.#json.encode(record.topic, record.value)),
        headers: deadLetterHeaders(letter, own, policy.contextHeaders),
      };
      this.#log.failed(letter, () => ({ timestampMs: record.timestampMs, key: dead.key, value: dead.value }));
      await this.#records.addRaw(dead, record.timestampMs ?? nowMs);
      this.#context.report.count('dead_letters_total');
    }
  }

  #letter({ record, stage, className, error, kept }: FailedRecord, atMs: number): DeadLetter {
    const { spec } = this.#context;
    const source = record.source ?? this.#standing();
    // What was not decoded has not come as far as a transform or converter.
    const place =
      kept === undefined
        ? ({ stage, className, form: 'record' } as const)
        : ({ stage: 'TASK_POLL', className: spec.className, form: kept.form } as const);
    const what = { spec, ...place, error, atMs };
    return { ...what, ...(record.topic === '' ? {} : { topic: record.topic }), ...(source && { source }) };
  }
}
