import type { RawConfig } from '../connector/options.ts';
import type { ByStage, Stage } from './stage-clock.ts';
import type { Figures } from './task-figures.ts';

/** What a task is, for the host that runs it. */
export interface TaskSpec {
  readonly connector: string;
  readonly task: number;
  /** Grows with every start of this task: a zombie is told from its successor by it (D16). */
  readonly epoch: number;
  readonly className: string;
  /** The task's configuration, config-provider variables resolved. */
  readonly config: RawConfig;
  /** The worker's configuration: converters, topics, `millrace.*` defaults. */
  readonly worker: RawConfig;
  /** Start paused. */
  readonly paused: boolean;
  /** Secrets in the configuration: what the task writes of itself hides them (I9). */
  readonly secrets?: readonly string[];
  /** How many tasks the connector has: they share its quotas. Default 1. */
  readonly tasks?: number;
}

export type TaskState = 'STARTING' | 'RUNNING' | 'PAUSED' | 'STOPPED' | 'FAILED' | 'ENDED';

export interface TaskFailure {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
  /** Kafka Connect's `trace`: message, causes and stack. */
  readonly trace: string;
  /** By the retry table. */
  readonly retry: 'retry' | 'operator' | 'never';
}

/** Where a task stands and where its time goes. */
export interface TaskProfile {
  readonly at: Stage;
  /** Since when, epoch milliseconds. */
  readonly atSinceMs: number;
  /** How it is known that there is nothing to do; null: there is, or nobody knows. */
  readonly idle: string | null;
  /** Milliseconds in each stage since the task was started. */
  readonly stageMs: ByStage;
  /** Shares of the last ten seconds. */
  readonly shares: ByStage;
  readonly bytesPerSecond: number;
  /** Bytes in each queue, by its name. */
  readonly queues: Readonly<Record<string, number>>;
  readonly queueLimitBytes: number;
  readonly figures: Figures;
}

/** A task as seen from outside, as of its last report. */
export interface TaskView {
  readonly state: TaskState;
  /** Where it stands: "snapshot of public.orders", "streaming". */
  readonly stage: string;
  /** Since when, epoch milliseconds. */
  readonly stageSinceMs: number;
  /** Last time offsets moved, or that idleness was proved. */
  readonly progressMs: number;
  readonly records: number;
  readonly bytes: number;
  /** Records per second over the last seconds. */
  readonly recordsPerSecond: number;
  /** Bytes taken from the source and not yet durable, or read from the hub and not yet written. */
  readonly queuedBytes: number;
  /** Absent before the first report of the task's thread. */
  readonly profile?: TaskProfile;
  readonly gauges: Readonly<Record<string, number>>;
  readonly info: Readonly<Record<string, string>>;
  readonly warnings: Readonly<Record<string, string>>;
  readonly failure?: TaskFailure;
  /** It failed and starts again by itself. */
  readonly restart?: PendingRestart;
}

export interface PendingRestart {
  /** Of the failure. */
  readonly code: string;
  /** Why, which attempt, and when next; then the failure's trace. */
  readonly trace: string;
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** In a row, from 1. */
  readonly attempt: number;
}

export interface TaskHandle {
  readonly spec: TaskSpec;
  view(): TaskView;
  pause(): void;
  resume(): void;
  /** Asks the task to drain and stop; at the deadline its thread is terminated. Resolves when it is gone; says which. */
  stop(deadlineMs: number): Promise<'stopped' | 'terminated'>;
}

/** Runs tasks in worker threads (D9). Lives on the main thread. */
export interface TaskHost {
  /** Returns at once; `changed` is called at every change of state. */
  start(spec: TaskSpec, changed: (view: TaskView) => void): TaskHandle;
  close(): Promise<void>;
}
