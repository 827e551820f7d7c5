import type { Schema } from '../record/schema.ts';
import type { StructValue } from '../record/value.ts';
import type { SourceOffset } from './source.ts';

/**
 * The canonical text of a column's value, in which a source, the hub and a target are compared.
 * NULL has no text in any form.
 *
 * - `text`: the value's text as the source prints it.
 * - `integer`: decimal digits.
 * - `decimal`: plain notation without trailing zeros of the fraction.
 * - `double`, `float`: the IEEE 754 bytes, big-endian, in lower-case hexadecimal.
 * - `boolean`: `true` or `false`.
 * - `bytes`: lower-case hexadecimal.
 * - `days`: days since 1970-01-01.
 * - `micros`: microseconds, since 1970-01-01T00:00Z or since midnight.
 */
export type CanonicalForm =
  | 'text'
  | 'integer'
  | 'decimal'
  | 'double'
  | 'float'
  | 'boolean'
  | 'bytes'
  | 'days'
  | 'micros';

/** Longer texts (bytes of UTF-8) are hashed by their MD5 in hexadecimal instead. */
export const LONG_TEXT_BYTES = 200;

export interface TruthColumn {
  readonly name: string;
  readonly form: CanonicalForm;
  /** Of the field that events have now. */
  readonly schema: Schema;
  /** Canonical text of rows written before the column existed, which no event carries. */
  readonly missing: string | null;
  /** Whether an update may show {@link TruthTable.unavailable} in place of a value that stayed as it was. */
  readonly mayBeLeftOut: boolean;
}

/** Rows held, and the sum of their hashes (see {@link TruthTable.rows}). */
export interface Totals {
  readonly rows: bigint;
  readonly checksum: bigint;
}

/** One table as the source holds it at the position of its {@link SourceTruth}. */
export interface TruthTable {
  readonly name: string;
  readonly topic: string;
  /** Names of the key's fields, in order; empty: the table has no key and is compared as a whole. */
  readonly key: readonly string[];
  /** Compared columns, in the order in which they are hashed. */
  readonly columns: readonly TruthColumn[];
  /** What events show in place of a value that the source did not send; undefined: that never happens. */
  readonly unavailable?: string;
  /** Columns without a canonical form, each with the reason. */
  readonly notCompared: readonly { readonly name: string; readonly reason: string }[];
  /** Computed by the source itself. */
  totals(): Promise<Totals>;
  /**
   * Every row: the canonical texts of its key joined by {@link FIELD_SEPARATOR}, and its hash: the
   * first 15 hexadecimal digits of the MD5 of the columns' fields, one after the other. A field is
   * `n` for NULL, `<bytes of UTF-8>:<canonical text>`, or for a long text (see
   * {@link LONG_TEXT_BYTES}) `m<its MD5>`: no two rows have the same fields.
   */
  rows(): AsyncIterable<{ readonly key: string; readonly hash: bigint }>;
}

export const FIELD_SEPARATOR = '\x1f';

/** What a source holds at one exact position. */
export interface SourceTruth {
  /** The position, for people. */
  readonly position: string;
  readonly tables: readonly TruthTable[];
  /** Which tables the configuration names that the source does not show, and what mends it; absent: none. */
  readonly unseen?: string;
  /** Whether the connector's stored offsets have passed the position. */
  covered(offsets: readonly SourceOffset[]): boolean;
  /** Whether an event with this `source` block belongs to what the position includes. */
  includes(source: StructValue): boolean;
  /** The fields of the block that `includes` looks at. */
  readonly includedBy: readonly string[];
  /**
   * Names the change at the source that an event with this block tells; null: it tells none (a row that
   * was read), or that is not known. Equal names are one change, told again, or changes made together.
   */
  event(source: StructValue): string | null;
  /** Whether one event stands before another in the source's order; false too where that is not known. */
  precedes(one: StructValue, other: StructValue): boolean;
  /** The fields of the block that `event` and `precedes` look at. */
  readonly placedBy: readonly string[];
  close(): Promise<void>;
}
