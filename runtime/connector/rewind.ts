import type { JsonObject } from '../record/record.ts';

/** A place to go back to, as an operator names it. */
export type RewindTarget =
  /** Epoch milliseconds. */
  | { readonly kind: 'time'; readonly timeMs: number }
  /** A number of the source's own: bytes of a file, records of a sequence. */
  | { readonly kind: 'offset'; readonly offset: bigint }
  /** A database's own position, as the database writes it. */
  | { readonly kind: 'lsn'; readonly lsn: string }
  /** A place in a binlog: `file:position`, or the GTIDs of what is before it. */
  | { readonly kind: 'binlog'; readonly binlog: string };

/** One source partition that goes back. */
export interface RewoundPartition {
  readonly partition: JsonObject;
  readonly from: JsonObject;
  /** null: the partition begins anew. */
  readonly to: JsonObject | null;
  /** Records that are read again; null: not known before they are read. */
  readonly records: number | null;
  /** Bytes upstream that are read again; null: not known. */
  readonly bytes: number | null;
  /** What the numbers mean, where that is not plain. */
  readonly note?: string;
}

/** A place of a topic partition that a sink is to go back to. */
export interface SinkRewind {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}
