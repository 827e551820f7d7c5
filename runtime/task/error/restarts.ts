import type { Clock } from '../../env/env.ts';
import { backoffMs } from './backoff.ts';
import type { TaskFailure } from '../host.ts';
import type { TaskSettings } from '../task-settings.ts';

/** How long a task that never opened is tried by itself, where `errors.retry.timeout` does not say. */
const OPENING_TIMEOUT_MS = 30_000;

export interface FailedRun {
  readonly failure: TaskFailure;
  /** How long the task was open before it failed; 0: it never opened in this run. */
  readonly openMs: number;
  /** Opened in this or an earlier run. */
  readonly everOpened: boolean;
  /** Nothing but room is missing: it is waited for from the beginning. */
  readonly full: boolean;
  /** Code of the connector does not come back: the thread cannot be used for it again. */
  readonly hung: boolean;
}

export type RestartDecision =
  | { readonly kind: 'restart'; readonly waitMs: number; readonly attempt: number }
  | { readonly kind: 'stop'; readonly why: string };

/**
 * Whether a failed task starts again by itself, and after how long: only where the retry table says
 * that a restart can mend the failure, within `errors.retry.timeout` since the first failure in a row,
 * and within the budget of `millrace.restart.max` restarts in `millrace.restart.window.ms`. The wait
 * doubles from `millrace.restart.backoff.ms` to `millrace.restart.backoff.max.ms`; a run longer than
 * that ends the row.
 */
export class Restarts {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #attempt = 0;
  #firstFailureMs: number | null = null;
  /** When it was started again, the last `restartMax` times. */
  #restartsMs: number[] = [];

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** `random` is uniform in [0, 1). */
  decide(run: FailedRun, settings: TaskSettings, random: number): RestartDecision {
    const { failure } = run;
    const nowMs = this.#clock.monotonicMs();
    if (run.openMs >= settings.restartBackoffMaxMs) {
      this.#attempt = 0;
      this.#firstFailureMs = null;
    }
    this.#firstFailureMs ??= nowMs;
    const why = this.#reasonToStop(run, settings, nowMs);
    if (why !== null) return { kind: 'stop', why: `${failure.code}: ${why}` };
    this.#attempt++;
    this.#restartsMs.push(nowMs);
    const backoff = { firstMs: settings.restartBackoffMs, maxMs: settings.restartBackoffMaxMs };
    return { kind: 'restart', waitMs: backoffMs(this.#attempt, backoff, random), attempt: this.#attempt };
  }

  #reasonToStop({ failure, everOpened, full, hung }: FailedRun, settings: TaskSettings, nowMs: number): string | null {
    if (failure.retry === 'never') return 'a restart of the unchanged task would fail again; change what it says';
    if (failure.retry === 'operator') return 'a restart does not mend this; restart it when it is mended';
    if (hung) return 'its code does not come back, so it cannot be started again in this thread';
    const limitMs = settings.retryTimeoutMs ?? (everOpened || full ? Infinity : OPENING_TIMEOUT_MS);
    const triedMs = nowMs - (this.#firstFailureMs ?? nowMs);
    if (triedMs >= limitMs) {
      const seconds = Math.round(triedMs / 1000);
      return `it was started again for ${seconds} s without success (${this.#attempt} times; errors.retry.timeout)`;
    }
    const { restartMax, restartWindowMs } = settings;
    this.#restartsMs = this.#restartsMs.filter((atMs) => nowMs - atMs < restartWindowMs);
    if (this.#restartsMs.length < restartMax) return null;
    return `it was started again ${this.#restartsMs.length} times within ${restartWindowMs} ms (millrace.restart.max)`;
  }
}
