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

export interface TaskProgress {
  readonly id: number;
  readonly state: string;
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
