import type { JsonObject } from '../record/record.ts';
import type { RunState } from '../store/statuses.ts';

/** Bodies of Kafka Connect's REST API, as the herder answers them. */

export type ConnectorType = 'source' | 'sink' | 'unknown';

export interface ConnectorInfo {
  readonly name: string;
  /** Secrets hidden (I9). */
  readonly config: Readonly<Record<string, string>>;
  readonly tasks: readonly TaskName[];
  readonly type: ConnectorType;
}

interface TaskName {
  readonly connector: string;
  readonly task: number;
}

export interface TaskInfo {
  readonly id: TaskName;
  readonly config: Readonly<Record<string, string>>;
}

/** Texts only: clients read it as a map of texts. */
export interface StateInfo {
  readonly state: RunState;
  readonly worker_id: string;
  readonly version?: string;
  readonly trace?: string;
}

export interface TaskStateInfo extends Omit<StateInfo, 'version'> {
  readonly id: number;
  readonly version: string | null;
}

export interface ConnectorStateInfo {
  readonly name: string;
  readonly connector: StateInfo;
  readonly tasks: readonly TaskStateInfo[];
  readonly type: ConnectorType;
}

export interface ConnectorOffset {
  readonly partition: JsonObject;
  readonly offset: JsonObject | null;
}

export interface ConnectorOffsets {
  readonly offsets: readonly ConnectorOffset[];
}

/** millrace's own: where the tasks of a connector stand. */
export interface ConnectorProgress {
  readonly name: string;
  readonly tasks: readonly TaskProgress[];
}

/**
 * - `MOVING`: offsets move, or have moved lately.
 * - `IDLE`: it is known that there is nothing to do.
 * - `THROTTLED`: it waits for its quota.
 * - `STALLED`: neither for `millrace.stall.timeout.ms`.
 */
export type Standing = 'MOVING' | 'IDLE' | 'THROTTLED' | 'STALLED';

/** What there is to say of a task that stands still. */
export interface StallInfo {
  /** Where it stands: `reading`, `producing`, `writing`, … */
  readonly stage: string;
  /** When it last made progress, epoch milliseconds. */
  readonly since_ms: number;
  readonly problem?: string;
}

export interface TaskProgress {
  readonly id: number;
  readonly state: string;
  /** One of the fixed stages: `reading`, `waiting`, `transforming`, `converting`, `producing`, `writing`, … */
  readonly at?: string;
  /** Epoch milliseconds. */
  readonly at_since_ms?: number;
  /** Of a task that is meant to run. */
  readonly standing?: Standing;
  /** How it is known that there is nothing to do. */
  readonly idle?: string;
  readonly stalled?: StallInfo;
  /** In words: "streaming". */
  readonly stage: string;
  /** Epoch milliseconds. */
  readonly stage_since_ms: number;
  /** Last time offsets moved, or that idleness was proved; epoch milliseconds. */
  readonly progress_ms: number;
  readonly records: number;
  readonly bytes: number;
  readonly records_per_second: number;
  /** Bytes taken and not yet durable. */
  readonly queued_bytes: number;
  readonly gauges: Readonly<Record<string, number>>;
  readonly info: Readonly<Record<string, string>>;
  readonly warnings: Readonly<Record<string, string>>;
}

/** millrace's own: where the time of a connector's tasks goes. */
export interface ConnectorProfile {
  readonly name: string;
  readonly type: ConnectorType;
  readonly tasks: readonly TaskProfileAnswer[];
}

export interface TaskProfileAnswer {
  readonly id: number;
  readonly state: string;
  /** Where it stands: `reading`, `waiting`, `writing`, … */
  readonly at: string;
  /** Since when, epoch milliseconds. */
  readonly at_since_ms: number;
  /** Whether it moves: see {@link TaskProgress.standing}. */
  readonly standing: Standing;
  /** Shares of the last ten seconds by stage; together 1. */
  readonly shares: Readonly<Record<string, number>>;
  /** Milliseconds by stage since the task was started. */
  readonly stage_ms: Readonly<Record<string, number>>;
  readonly records_per_second: number;
  readonly bytes_per_second: number;
  /** Bytes in each queue. */
  readonly queues: Readonly<Record<string, number>>;
  /** Most bytes they may hold together. */
  readonly queue_limit_bytes: number;
  /** Records taken and not durable. */
  readonly active_records: number;
  /** How late the loop of its thread was in the last half minute at most. */
  readonly loop_delay_ms: number;
  /** Which part of the time the thread's loop was busy, with all its tasks. */
  readonly loop_utilization: number;
}

/** millrace's own: what a connector finds where it would work. */
export interface ConnectorCheck {
  readonly name: string;
  /** Whether nothing fatal was found. */
  readonly ok: boolean;
  readonly results: readonly CheckAnswer[];
}

export interface CheckAnswer {
  readonly name: string;
  readonly ok: boolean;
  /** True for a failure that prevents a start; others only limit. */
  readonly fatal: boolean;
  readonly code?: string;
  readonly problem?: string;
  /** The exact statement or setting that mends it. */
  readonly remedy?: string;
  readonly key?: string;
}
