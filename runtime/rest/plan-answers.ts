import type { ConnectorCheck, ConnectorType } from '../cluster/answers.ts';
import type { RawConfig } from '../connector/options.ts';

/** Bodies of `/plan` and `/apply`. */

export interface PlannedConnector {
  readonly name: string;
  readonly config: RawConfig;
}

export interface PlanRequest {
  readonly connectors: readonly PlannedConnector[];
  /** Whether connectors of the worker that are not among `connectors` go. */
  readonly prune: boolean;
  /** Records looked at: of a sink per topic, of a source altogether; 0: none. */
  readonly sample: number;
  /** Whether to look upstream. */
  readonly check: boolean;
}

export interface ApplyRequest {
  readonly connectors: readonly PlannedConnector[];
  readonly prune: boolean;
  /** Of the plan that is to be carried out. */
  readonly hash: string;
}

/** What would change. Nothing has. */
export interface Plan {
  /** For `/apply`: over the stored and the proposed configurations and the connectors' versions. null: some is invalid. */
  readonly hash: string | null;
  /** Whether anything would change. */
  readonly changes: boolean;
  /** Nothing stands against it: all are valid, nothing fatal was found upstream, no sampled record stops a task. */
  readonly ok: boolean;
  readonly connectors: readonly ConnectorPlan[];
}

export interface ConnectorPlan {
  readonly name: string;
  readonly action: 'create' | 'update' | 'unchanged' | 'delete';
  readonly type: ConnectorType;
  readonly class: string | null;
  readonly version: string | null;
  /** Keys that differ, by key. */
  readonly keys: readonly KeyChange[];
  /** Why the configuration is refused; empty: it is not. */
  readonly errors: readonly { readonly key: string; readonly message: string }[];
  readonly check?: ConnectorCheck;
  readonly sample?: SampleReport;
  readonly notes: readonly string[];
}

export interface KeyChange {
  readonly key: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** Secrets hidden: of one that changes both sides read the same. */
  readonly before: string | null;
  readonly after: string | null;
}

/** What became of real records, by the configuration that runs and by the proposed one. */
export interface SampleReport {
  /** Where the records came from: the end of the hub's topics, or upstream. */
  readonly from: 'hub' | 'upstream';
  readonly records: number;
  /** null: there is none that runs, or it could not be tried. */
  readonly before: OutcomeCounts | null;
  readonly after: OutcomeCounts;
  /** Records that come out as before; 0 where there is no before. */
  readonly same: number;
  /** Records that come out otherwise, or only on one side. */
  readonly changed: number;
  /** The first of them; without a before, the first records as they would be. */
  readonly differences: readonly RecordDifference[];
  readonly schemas: readonly SchemaDifference[];
  /** What the proposed configuration makes of them goes wrong here. */
  readonly errors: readonly SampleError[];
  /** What the sink would write, where the connector can tell. */
  readonly outputs?: {
    readonly before: readonly SampleOutput[] | null;
    readonly after: readonly SampleOutput[];
  };
  /** Why there is no sample. */
  readonly problem?: SampleProblem;
  readonly notes: readonly string[];
}

export interface OutcomeCounts {
  /** Records that come out. */
  readonly made: number;
  /** Records taken in of which nothing comes out. */
  readonly dropped: number;
  readonly failed: number;
}

export interface RecordDifference {
  readonly topic: string;
  readonly partition?: number;
  readonly offset?: string;
  /** null: the record is not taken in. */
  readonly before: readonly SampledRecord[] | null;
  readonly after: readonly SampledRecord[] | null;
}

/** A record as it comes out; long texts are cut. */
export interface SampledRecord {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string | null>>;
  /** Instead of a record. */
  readonly error?: string;
}

export interface SchemaDifference {
  readonly topic: string;
  readonly part: 'key' | 'value';
  /** Path of a field; empty: the whole. */
  readonly field: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface SampleError {
  readonly stage: string;
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
  readonly count: number;
  /** Whether the first such record stops the task; otherwise it is a dead letter. */
  readonly stops: boolean;
  /** The first of them. */
  readonly example: { readonly topic: string; readonly partition?: number; readonly offset?: string };
}

export interface SampleOutput {
  readonly name: string;
  readonly records: number;
  /** false: it would wait for more records. */
  readonly complete: boolean;
}

export interface SampleProblem {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
}

export interface Applied {
  readonly applied: readonly {
    readonly name: string;
    readonly result: 'created' | 'updated' | 'unchanged' | 'deleted';
  }[];
}

/** Plans changes, and carries out what was planned. */
export interface Planner {
  plan(request: PlanRequest, signal: AbortSignal): Promise<Plan>;
  /** `PLAN_CHANGED`, a `conflict`, where anything the plan was made of has changed since. */
  apply(request: ApplyRequest): Promise<Applied>;
}
