import type { TaskContext } from '../../runtime/connector/context.ts';
import type {
  Position,
  SourceBatch,
  SourceRecord,
  SourceTask,
  SourceTaskStart,
} from '../../runtime/connector/source.ts';
import type { Env } from '../../runtime/env/env.ts';
import type { JsonObject } from '../../runtime/record/record.ts';
import { field, INT32, INT64, STRING, structOf } from '../../runtime/record/schema-builder.ts';
import { struct } from '../../runtime/record/value.ts';
import { nextNumber } from './offset.ts';
import type { VerifiableSourceOptions } from './options.ts';

const COMPLETE = structOf([
  field('name', STRING),
  field('task', INT32),
  field('topic', STRING),
  field('time_ms', INT64),
  field('seqno', INT64),
]);
const BATCH_RECORDS = 100;
const PACE_MS = 5;
/** The longest wait: then it says again that nothing is due. */
const LONG_MS = 10_000;

interface Opened {
  readonly env: Env;
  readonly context: TaskContext;
  readonly startMs: number;
  readonly first: number;
}

/** Numbers from 0 upwards: key the task's id (int32), value the number (int64). */
export class VerifiableSourceTask implements SourceTask {
  readonly #options: VerifiableSourceOptions;
  #opened: Opened | null = null;
  #next = 0;

  constructor(options: VerifiableSourceOptions) {
    this.#options = options;
  }

  open({ offsets, env, context }: SourceTaskStart): Promise<void> {
    this.#next = nextNumber(offsets, this.#options.id);
    this.#opened = { env, context, startMs: env.clock.monotonicMs(), first: this.#next };
    context.stage('producing');
    return Promise.resolve();
  }

  async read(signal: AbortSignal): Promise<SourceBatch> {
    signal.throwIfAborted();
    const opened = this.#opened;
    if (opened === null) throw new Error('read() before open()');
    const count = Math.min(BATCH_RECORDS, await this.#due(opened, signal));
    const timeMs = opened.env.clock.nowMs();
    const records = Array.from({ length: count }, (_, i) => this.#record(opened, this.#next + i, timeMs));
    this.#next += count;
    const seqno = this.#next - 1;
    return { records, progress: [{ partition: { id: this.#options.id }, position: { toOffset: () => ({ seqno }) } }] };
  }

  committed(_partition: JsonObject, position: Position): Promise<void> {
    const { id, topic, 'millrace.log.records': logs } = this.#options;
    const context = this.#opened?.context;
    const fields = { name: context?.connector, task: id, topic, ...position.toOffset(), committed: true };
    if (logs) context?.log.info('committed', fields);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #record({ context }: Opened, seqno: number, timeMs: number): SourceRecord {
    const { id, topic, 'millrace.log.records': logs } = this.#options;
    const name = context.connector;
    if (logs) context.log.info('produced', { name, task: id, topic, time_ms: timeMs, seqno });
    return numbered(this.#options, name, seqno, timeMs);
  }

  async #due({ env, context, startMs, first }: Opened, signal: AbortSignal): Promise<number> {
    const { throughput } = this.#options;
    if (throughput < 0) return BATCH_RECORDS;
    for (;;) {
      const passedMs = env.clock.monotonicMs() - startMs;
      const due = Math.floor((passedMs * throughput) / 1000) - (this.#next - first);
      if (due >= 1) return due;
      const untilMs = throughput === 0 ? LONG_MS : ((this.#next - first + 1) * 1000) / throughput - passedMs;
      context.idle('no record is due');
      await env.timers.sleep(Math.max(PACE_MS, Math.min(LONG_MS, untilMs)), signal);
    }
  }
}

/** A task's record of a number. */
export function numbered(options: VerifiableSourceOptions, name: string, seqno: number, timeMs: number): SourceRecord {
  const { id, topic, 'complete.record.data': complete } = options;
  const number = BigInt(seqno);
  const value = struct({ name, task: id, topic, time_ms: BigInt(timeMs), seqno: number });
  return {
    topic,
    key: { schema: INT32, value: id },
    value: complete ? { schema: COMPLETE, value } : { schema: INT64, value: number },
  };
}
