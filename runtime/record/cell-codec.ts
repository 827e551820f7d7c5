import type { ByteWriter } from './byte-writer.ts';
import type { Schema } from './schema.ts';
import type { Value } from './value.ts';

/** What a JSON writer has to know: options of the JSON converter that change a value's text. */
export interface JsonOptions {
  /** Connect's `decimal.format`. */
  readonly decimalFormat: 'BASE64' | 'NUMERIC';
}

/**
 * Writes the JSON text of one non-null cell, `bytes[at, at + length)`.
 * It must not keep a reference to `bytes`: the arena behind it is used again.
 */
export type CellJsonWriter = (bytes: Buffer, at: number, length: number, writer: ByteWriter) => void;

/**
 * How the raw bytes of a column's cells become JSON text and values. A connector supplies one per
 * column; a converter asks it for a writer when it compiles a plan, once per layout, and a typed
 * sink or transform calls `value`. Both must agree: `json` writes exactly what the JSON converter
 * would write for `value`.
 */
export interface CellCodec {
  /** Type of `value`. A field that holds the cell may make it optional. */
  readonly schema: Schema;
  json(options: JsonOptions): CellJsonWriter;
  value(bytes: Buffer, at: number, length: number): Value;
  /** The value shows less than the bytes hold (a hash, a cut): they are not to be kept anywhere. */
  readonly hides?: true;
  /** What stands for a value the source did not send (unchanged TOAST). */
  readonly unavailable?: Value;
}
