import type { Clock } from '../env/env.ts';
import { WindowStat } from './window-stat.ts';

/** The counters behind Kafka Connect's task metrics; names end in their unit. */
export type FigureName =
  | 'records_in_total'
  | 'records_in_per_second'
  | 'last_error_ms'
  | 'batch_size_max'
  | 'batch_size_avg'
  | 'batch_time_max_ms'
  | 'batch_time_avg_ms'
  | 'active_records'
  | 'active_records_max'
  | 'active_records_avg'
  | 'transaction_size_min'
  | 'transaction_size_max'
  | 'transaction_size_avg'
  | 'offset_commits_total'
  | 'offset_commit_failures_total'
  | 'offset_commit_skips_total'
  | 'offset_commit_time_max_ms'
  | 'offset_commit_time_avg_ms'
  | 'running_ms'
  | 'paused_ms'
  | 'loop_delay_ms'
  | 'loop_utilization_ratio';

export type Figures = Readonly<Record<FigureName, number>>;

/**
 * What a runner counts per batch for the metrics. Records in: polled from a source, read from the hub.
 * A batch: one `read()` of a source, one `write()` of a sink. Active: taken and not durable.
 */
export class TaskFigures {
  readonly #clock: Clock;
  readonly #batchSize = new WindowStat();
  readonly #batchTime = new WindowStat();
  readonly #active = new WindowStat();
  readonly #transaction = new WindowStat();
  readonly #commitTime = new WindowStat();
  #recordsIn = 0;
  #lastErrorMs = 0;
  #commits = 0;
  #commitFailures = 0;
  #commitSkips = 0;
  /** Says how many records are taken and not durable. */
  activeNow: () => number = () => 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A batch came, or was written, in so many milliseconds. */
  batch(records: number, ms: number, nowMs: number): void {
    if (records > 0) this.#batchSize.add(records, nowMs);
    this.#batchTime.add(ms, nowMs);
    this.#active.add(this.activeNow(), nowMs);
  }

  recordsIn(count: number): void {
    this.#recordsIn += count;
  }

  get recordsInTotal(): number {
    return this.#recordsIn;
  }

  /** A record could not be processed. */
  failedRecord(): void {
    this.#lastErrorMs = this.#clock.nowMs();
  }

  transaction(records: number): void {
    this.#transaction.add(records, this.#clock.monotonicMs());
  }

  /** An offset commit that began at that monotonic time. */
  committed(startedMs: number): void {
    this.#commits++;
    const nowMs = this.#clock.monotonicMs();
    this.#commitTime.add(nowMs - startedMs, nowMs);
  }

  commitFailed(): void {
    this.#commitFailures++;
  }

  /** It was time to commit, and there was nothing new. */
  commitSkipped(): void {
    this.#commitSkips++;
  }

  view(
    more: Pick<
      Figures,
      'records_in_per_second' | 'running_ms' | 'paused_ms' | `loop_${'delay_ms' | 'utilization_ratio'}`
    >,
  ): Figures {
    const nowMs = this.#clock.monotonicMs();
    return {
      records_in_total: this.#recordsIn,
      last_error_ms: this.#lastErrorMs,
      batch_size_max: this.#batchSize.max(nowMs),
      batch_size_avg: this.#batchSize.average(nowMs),
      batch_time_max_ms: this.#batchTime.max(nowMs),
      batch_time_avg_ms: this.#batchTime.average(nowMs),
      active_records: this.activeNow(),
      active_records_max: this.#active.max(nowMs),
      active_records_avg: this.#active.average(nowMs),
      transaction_size_min: this.#transaction.min(nowMs),
      transaction_size_max: this.#transaction.max(nowMs),
      transaction_size_avg: this.#transaction.average(nowMs),
      offset_commits_total: this.#commits,
      offset_commit_failures_total: this.#commitFailures,
      offset_commit_skips_total: this.#commitSkips,
      offset_commit_time_max_ms: this.#commitTime.max(nowMs),
      offset_commit_time_avg_ms: this.#commitTime.average(nowMs),
      ...more,
    };
  }
}
