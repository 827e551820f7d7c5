import type { JsonObject } from '../record/record.ts';

/** Which dead letters are meant; all that is given has to fit. */
export interface DeadLetterQuery {
  readonly error?: string;
  readonly key?: string;
  /** Epoch milliseconds. */
  readonly fromMs?: number;
  /** Exclusive. */
  readonly toMs?: number;
}

/** A dead letter, readable. */
export interface DeadLetterInfo {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  /** ISO 8601: when it failed. */
  readonly failed: string | null;
  readonly form: 'sink' | 'record' | 'cells' | 'raw';
  readonly stage: string;
  readonly class: string;
  readonly code: string;
  readonly message: string;
  /** Of a sink the record's place in the hub, of a source the topic it was meant for. */
  readonly origin: { readonly topic?: string; readonly partition?: number; readonly offset?: string };
  /** Of a source: where it was read. */
  readonly source?: JsonObject;
  readonly task: number;
  readonly redrives: number;
  /** `open`, or what became of it. */
  readonly state: string;
  readonly note?: string;
  readonly key: unknown;
  readonly value: unknown;
  readonly headers: readonly { readonly key: string; readonly value: unknown }[];
  readonly stack?: string;
}

export interface DeadLetterList {
  readonly topic: string;
  readonly deadletters: readonly DeadLetterInfo[];
  /** There are more that fit. */
  readonly more: boolean;
}

export interface RedriveRequest {
  readonly action: 'redrive' | 'discard';
  readonly filter: DeadLetterQuery;
  /** null: all that fit. */
  readonly only: readonly { readonly partition: number; readonly offset: string }[] | null;
  readonly force: boolean;
}

export interface RedriveJobInfo {
  readonly id: string;
  readonly action: string;
  readonly state: string;
  readonly total: number;
  /** How many of each outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** ISO 8601. */
  readonly created: string;
  readonly problem?: string;
}

/** Dead letters of connectors; `missing` errors where there is no such connector, topic, record or job. */
export interface DeadLetterAccess {
  list(connector: string, query: DeadLetterQuery, limit: number, all: boolean): Promise<DeadLetterList>;
  show(connector: string, topic: string, partition: number, offset: bigint, stack: boolean): Promise<DeadLetterInfo>;
  /** Durable when it resolves; the connector's tasks do it. */
  redrive(connector: string, request: RedriveRequest): Promise<RedriveJobInfo>;
  jobs(connector: string): Promise<readonly RedriveJobInfo[]>;
  job(connector: string, id: string): Promise<RedriveJobInfo>;
  cancel(connector: string, id: string): Promise<RedriveJobInfo>;
}
