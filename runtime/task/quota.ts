import type { Clock } from '../env/env.ts';
import { numberSetting, type SettingsOf } from './task-settings.ts';

const RECORDS = 'millrace.quota.records.per.second';
const BYTES = 'millrace.quota.bytes.per.second';

/** How much a quota that rested may give at once: as much as in so many milliseconds. */
const BURST_MS = 1000;

/** A bucket that fills at its rate and may be overdrawn: who takes more than there is waits before it takes again. */
class Bucket {
  readonly #perMs: number;
  #tokens: number;
  #filledMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perMs = perSecond / 1000;
    this.#tokens = this.#perMs * BURST_MS;
    this.#filledMs = nowMs;
  }

  /** What it can give at once. */
  get burst(): number {
    return this.#perMs * BURST_MS;
  }

  take(tokens: number): void {
    this.#tokens -= tokens;
  }

  /** Until it is not overdrawn any more. */
  debtMs(nowMs: number): number {
    const filled = this.#tokens + (nowMs - this.#filledMs) * this.#perMs;
    this.#tokens = Math.min(this.#perMs * BURST_MS, filled);
    this.#filledMs = nowMs;
    return this.#tokens >= 0 ? 0 : Math.ceil(-this.#tokens / this.#perMs);
  }
}

/** Records and bytes a task may pass on per second: its even share of what its connector may. */
export class Quota {
  readonly #clock: Clock;
  readonly #records: Bucket | null;
  readonly #bytes: Bucket | null;

  /** Rates of the connector, shared by its tasks; undefined: without limit. */
  constructor(clock: Clock, recordsPerSecond: number | undefined, bytesPerSecond: number | undefined, tasks = 1) {
    const bucket = (rate: number | undefined): Bucket | null =>
      rate === undefined ? null : new Bucket(rate / Math.max(1, tasks), clock.monotonicMs());
    this.#clock = clock;
    this.#records = bucket(recordsPerSecond);
    this.#bytes = bucket(bytesPerSecond);
  }

  static of(of: SettingsOf & { readonly tasks?: number }, clock: Clock): Quota {
    return new Quota(clock, numberSetting(of, RECORDS, RECORDS, 1), numberSetting(of, BYTES, BYTES, 1), of.tasks);
  }

  /** How many of the records from `at` on may be taken in one go: a second's worth, one at least. */
  portion(records: readonly { readonly sizeBytes: number }[], at: number): number {
    const left = records.length - at;
    const most = Math.max(1, Math.min(left, this.#records?.burst ?? left));
    if (this.#bytes === null) return Math.floor(most);
    let bytes = 0;
    let count = 0;
    while (count < most && (count === 0 || bytes < this.#bytes.burst)) {
      bytes += records[at + count]?.sizeBytes ?? 0;
      count++;
    }
    return Math.floor(Math.min(count, most));
  }

  take(records: number, bytes: number): void {
    this.#records?.take(records);
    this.#bytes?.take(bytes);
  }

  /** Milliseconds to wait before anything more is taken. */
  debtMs(): number {
    if (this.#records === null && this.#bytes === null) return 0;
    const nowMs = this.#clock.monotonicMs();
    return Math.max(this.#records?.debtMs(nowMs) ?? 0, this.#bytes?.debtMs(nowMs) ?? 0);
  }
}
