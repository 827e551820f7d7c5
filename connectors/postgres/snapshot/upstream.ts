import type { Op } from '../../../runtime/change/envelope.ts';
import type { TaskContext } from '../../../runtime/connector/context.ts';
import type { Env } from '../../../runtime/env/env.ts';
import type { Connection, OpenOptions } from '../connection.ts';
import type { RowFactory } from '../row/table-rows.ts';

export type SnapshotMode = 'always' | 'initial' | 'initial_only' | 'no_data' | 'when_needed';

export interface SnapshotOptions {
  /** `snapshot.mode` */
  readonly mode: SnapshotMode;
  /** `snapshot.max.threads` */
  readonly readers: number;
  /** `snapshot.lock.timeout.ms` */
  readonly lockTimeoutMs: number;
  /** `snapshot.delay.ms` */
  readonly delayMs: number;
  /** `snapshot.include.collection.list`: regular expressions over `schema.table`; empty: all that are captured. */
  readonly includes: (table: string) => boolean;
  /** `snapshot.select.statement.overrides`: SELECT by `schema.table`. */
  readonly overrides: ReadonlyMap<string, string>;
  /** `millrace.snapshot.chunk.bytes`: a table is cut into chunks of about this size. */
  readonly chunkBytes: number;
  /** `incremental.snapshot.chunk.size`: rows of a window, at first. */
  readonly windowRows: number;
  /** `signal.data.collection`: `schema.table`. */
  readonly signalTable?: string;
  /** A slot that exists though no offset is stored is taken over, by the operator's choice. */
  readonly adoptSlot: boolean;
}

/** What a snapshot needs of the task it belongs to. */
export interface SnapshotUpstream {
  readonly env: Env;
  readonly context: TaskContext;
  /** `topic.prefix`: the source partition is `{"server": prefix}`. */
  readonly server: string;
  readonly slot: { readonly name: string; readonly failover: boolean };
  readonly identity: { readonly systemId: string; readonly timeline: number };
  readonly rows: RowFactory;
  /** How the publication had all tables at the start, by oid (`slot/membership.ts`). */
  readonly published: ReadonlyMap<number, string>;
  /** Operations that have to be published. */
  readonly needed: ReadonlySet<Op>;
  /** The stream carries generated columns. */
  readonly generated: boolean;
  readonly options: SnapshotOptions;
  /** `errors.max.retries`; -1: no limit. `connect` keeps to it by itself. */
  readonly maxRetries: number;
  connect(options?: OpenOptions): Promise<Connection>;
}
