import type { RewindTarget } from '../connector/rewind.ts';
import type { JsonObject } from '../record/record.ts';

/** Bodies of `/connectors/{c}/rewind`. */

/** The place of a sink: by time, at one offset of all partitions, or by topic partition. */
export type RewindPlace = RewindTarget | { readonly kind: 'offsets'; readonly offsets: ReadonlyMap<string, bigint> };

export interface RewindRequest {
  readonly to: RewindPlace;
  /** Only tells what would be read again. */
  readonly dryRun: boolean;
}

export interface Rewind {
  readonly name: string;
  readonly type: 'source' | 'sink';
  /** Whether it was done; false: a dry run, or there was nothing to do. */
  readonly done: boolean;
  /** Partitions that go back; others stay where they are. */
  readonly partitions: readonly RewindPartition[];
  /** Records that are read again, all together; null: not known of some. */
  readonly records: number | null;
  readonly bytes: number | null;
  readonly notes: readonly string[];
}

export interface RewindPartition {
  readonly partition: JsonObject;
  readonly from: JsonObject;
  /** null: from the beginning. */
  readonly to: JsonObject | null;
  readonly records: number | null;
  readonly bytes: number | null;
  readonly note?: string;
}

/** Takes connectors back to an earlier place. */
export interface Rewinder {
  rewind(name: string, request: RewindRequest, signal: AbortSignal): Promise<Rewind>;
}
