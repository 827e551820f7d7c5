import type { Log } from '../connector/context.ts';
import type { Env, Timer } from '../env/env.ts';
import { StallWatch } from '../observe/stall-watch.ts';
import type { TaskView } from '../task/host.ts';
import type { StallSettings } from '../task/thread/stall-settings.ts';

const LOOK_MS = 1000;

/** A task that stands still though it should not. */
export interface Stall {
  /** Where it stands. */
  readonly stage: string;
  /** When it last made progress, epoch milliseconds. */
  readonly sinceMs: number;
  readonly timeoutMs: number;
  /** What it is known to suffer from: its warnings. */
  readonly problem: string | null;
}

interface WatchedTask {
  readonly connector: string;
  readonly task: number;
  readonly view: TaskView;
  readonly settings: StallSettings;
}

export interface StallGuardOptions {
  readonly env: Env;
  readonly log: Log;
  readonly tasks: () => Iterable<WatchedTask>;
  readonly restart: (connector: string, task: number) => void;
}

/**
 * Finds tasks without progress (I8): looks every second at when each last made some. A stall is logged
 * once; where `millrace.stall.action` says so the task is started again, at most once in its timeout.
 */
export class StallGuard {
  readonly #options: StallGuardOptions;
  readonly #watch: StallWatch;
  readonly #stalls = new Map<string, Stall>();
  readonly #restarts = new Map<string, number>();
  /** Since when each runs: a start must have its time before it is one too many. */
  readonly #running = new Map<string, number>();
  #timer: Timer | null = null;

  constructor(options: StallGuardOptions) {
    this.#options = options;
    this.#watch = new StallWatch(options.env.clock);
  }

  start(): void {
    this.#timer ??= this.#options.env.timers.every(LOOK_MS, () => this.look());
  }

  /** Idempotent. */
  close(): void {
    this.#timer?.cancel();
  }

  /** null: it does not stand still. */
  stall(connector: string, task: number): Stall | null {
    return this.#stalls.get(taskName(connector, task)) ?? null;
  }

  /** How often a task was started again because it stood still. */
  restarts(connector: string, task: number): number {
    return this.#restarts.get(taskName(connector, task)) ?? 0;
  }

  look(): void {
    const names = new Set<string>();
    for (const watched of this.#options.tasks()) {
      const name = taskName(watched.connector, watched.task);
      names.add(name);
      this.#lookAt(name, watched);
    }
    this.#watch.keep(names);
    for (const map of [this.#stalls, this.#restarts, this.#running]) {
      for (const name of map.keys()) if (!names.has(name)) map.delete(name);
    }
  }

  #lookAt(name: string, { connector, task, view, settings }: WatchedTask): void {
    const { state, profile, progressMs } = view;
    const active = (state === 'RUNNING' || state === 'STARTING') && profile?.at !== 'throttled';
    const stillMs = this.#watch.look(name, { progressMs, active, timeoutMs: settings.timeoutMs });
    if (state !== 'RUNNING') this.#running.delete(name);
    else if (!this.#running.has(name)) this.#running.set(name, this.#options.env.clock.monotonicMs());
    if (stillMs === null) {
      this.#stalls.delete(name);
      return;
    }
    const stall = stallOf(view, settings);
    const known = this.#stalls.has(name);
    this.#stalls.set(name, stall);
    if (!known) {
      const { stage, problem } = stall;
      const fields = {
        connector,
        task,
        stage,
        still_ms: Math.round(stillMs),
        ...(problem === null ? {} : { problem }),
      };
      this.#options.log.warn(`task makes no progress: it stands at ${stage}`, fields);
    }
    if (settings.action === 'restart') this.#restart(name, connector, task, settings.timeoutMs);
  }

  #restart(name: string, connector: string, task: number, timeoutMs: number): void {
    const { env, log, restart } = this.#options;
    const running = this.#running.get(name);
    if (running === undefined || env.clock.monotonicMs() - running < timeoutMs) return;
    this.#restarts.set(name, (this.#restarts.get(name) ?? 0) + 1);
    this.#running.delete(name);
    this.#watch.restarted(name);
    log.warn('starting the stalled task again', { connector, task });
    restart(connector, task);
  }
}

function taskName(connector: string, task: number): string {
  return `${connector}-${task}`;
}

function stallOf({ state, stage, profile, progressMs, warnings }: TaskView, { timeoutMs }: StallSettings): Stall {
  const [warning] = Object.entries(warnings);
  const at = profile?.at ?? stage;
  return {
    // Whoever waits without proof that there is nothing to wait for is reading.
    stage: state === 'STARTING' ? 'starting' : at === 'waiting' ? 'reading' : at,
    sinceMs: progressMs,
    timeoutMs,
    problem: warning === undefined ? null : `${warning[0]}: ${warning[1]}`,
  };
}
