import type { SinkRecord, SinkResult, SinkTask } from '../../connector/sink.ts';
import type { Quota } from '../quota.ts';
import type { TaskRunContext } from '../task-run-context.ts';
import { Turns } from '../turns.ts';
import type { SinkFetch } from './sink-fetch.ts';
import type { SinkPositions } from './sink-positions.ts';
import type { HubSinkRecord } from './sink-record.ts';
import type { SinkRedrive } from './sink-redrive.ts';
import type { SinkRejects } from './sink-rejects.ts';
import type { SinkTransforms, UntransformedRejection } from './sink-transforms.ts';

/** What the run of one sink task is made of. */
export interface SinkParts {
  readonly context: TaskRunContext;
  readonly task: SinkTask;
  readonly fetch: SinkFetch;
  readonly positions: SinkPositions;
  readonly rejects: SinkRejects;
  /** null: the task gets the records as they stand in the hub. */
  readonly transforms: SinkTransforms | null;
}

const NOTHING: SinkResult = { durable: new Map() };

/** Gives records to a sink's task, through its transforms, and notes what became of each. */
export class SinkDelivery {
  /** null where there are no dead letters. */
  redrive: SinkRedrive | null = null;
  /** Timestamp of the last record written, epoch milliseconds. */
  lastWrittenMs = 0;
  readonly #parts: SinkParts;
  readonly #quota: Quota;
  readonly #turns: Turns;

  constructor(parts: SinkParts, quota: Quota) {
    this.#parts = parts;
    this.#quota = quota;
    const { env, report } = parts.context;
    this.#turns = new Turns(env, report.at);
  }

  /**
   * Gives the task a part of what was fetched, again and again where it asks for that; `wake` ends its
   * waits. True where reading goes on elsewhere: the rest of the fetch is void.
   */
  async take(originals: readonly HubSinkRecord[], wake: AbortSignal): Promise<boolean> {
    const { task, fetch, transforms, context } = this.#parts;
    const { report, env, kill } = context;
    const bytes = originals.reduce((sum, record) => sum + record.sizeBytes, 0);
    report.queuedBytes = bytes;
    report.at.enter('transforming');
    const fresh = this.redrive?.unknown(originals) ?? originals;
    const held = this.redrive?.held(fresh) ?? [];
    const back = new Set<SinkRecord>(held.map(({ record }) => record));
    const free = held.length === 0 ? fresh : fresh.filter((one) => !back.has(one));
    const { records, rejected: untaken } = transforms?.apply(free) ?? { records: free, rejected: [] };
    const rejected = [...held, ...untaken];
    for (;;) {
      const startedMs = report.at.enter('writing');
      const result = records.length === 0 ? NOTHING : await task.write(records, kill);
      env.crash?.('sink.after_write');
      if (result.retryAfterMs !== undefined) {
        report.count('write_retries_total');
        report.at.enter('retrying');
        await env.timers.sleep(result.retryAfterMs, wake).catch(() => undefined);
        if (!wake.aborted) continue;
        // Its partitions may go, or the task stops: nothing was taken, all of it is read again.
        await fetch.restart();
        return true;
      }
      await this.#passed(originals, records, rejected);
      report.records += originals.length;
      report.bytes += bytes;
      report.queuedBytes = 0;
      const nowMs = env.clock.monotonicMs();
      report.figures.batch(originals.length, nowMs - startedMs, nowMs);
      this.#quota.take(originals.length, bytes);
      this.lastWrittenMs = originals.at(-1)?.timestampMs ?? 0;
      const isElsewhere = await this.settle(result);
      const turn = this.#turns.over(bytes);
      if (turn !== undefined) await turn;
      return isElsewhere;
    }
  }

  /** Notes how far the task was given records, and how far the chain has dealt with the rest. */
  async #passed(
    originals: readonly SinkRecord[],
    records: readonly SinkRecord[],
    rejected: readonly UntransformedRejection[],
  ): Promise<void> {
    // What the chain did not take is a dead letter before an offset may pass it (I5).
    if (rejected.length > 0) await this.#parts.rejects.take(rejected);
    for (const { topic, partition, offset } of lastOfRuns(records)) {
      this.#parts.positions.wrote({ topic, partition }, offset + 1n);
    }
    if (records === originals) return;
    for (const { topic, partition, offset } of lastOfRuns(originals)) {
      this.#parts.positions.passed({ topic, partition }, offset + 1n);
    }
  }

  /** True where reading goes on elsewhere. */
  async settle(result: SinkResult): Promise<boolean> {
    // A rejected record is safe in the dead-letter topic before an offset may pass it (I5).
    if (result.rejected !== undefined) await this.#parts.rejects.take(result.rejected);
    this.#parts.positions.durable(result.durable);
    if (result.seek === undefined || result.seek.size === 0) return false;
    this.#parts.positions.seek(result.seek);
    await this.#parts.fetch.restart();
    return true;
  }
}

/** Records come in runs of one partition: the last of a run says how far it goes. */
function lastOfRuns(records: readonly SinkRecord[]): SinkRecord[] {
  return records.filter((record, i) => {
    const after = records[i + 1];
    return after?.partition !== record.partition || after.topic !== record.topic;
  });
}
