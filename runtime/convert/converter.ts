import type { Datum, Header, RawHeader } from '../record/record.ts';
import type { ByteWriter } from '../record/byte-writer.ts';
import type { LayoutNode, RowLayout } from '../record/row-layout.ts';
import type { RowBlock } from '../record/row-block.ts';
import type { Schema } from '../record/schema.ts';

/** Writes the bytes of one node of a row; false: null (no bytes at all, not the text `null`). */
export interface RowPlan {
  write(block: RowBlock, row: number, writer: ByteWriter): boolean;
}

/** Values to bytes and back, for keys and values. Kafka Connect's `Converter`. */
export interface Converter {
  /** What a sink may assume of the bytes: see `SinkRecord.encoding`. */
  readonly encoding: 'json' | 'string' | 'bytes' | 'other';
  /** null: the record has no key or value. Throws a `data` error where the value does not fit its schema. */
  encode(topic: string, datum: Datum): Uint8Array | null;
  /** `schema`: what the schema header named, where the bytes carry none. Throws a `data` error. */
  decode(topic: string, bytes: Uint8Array | null, headers: readonly RawHeader[], schema?: Schema): Datum;
  /** Compiles a layout's key or value; without it, rows are encoded through `encode`. */
  plan?(layout: RowLayout, node: LayoutNode): RowPlan;
  /** True where the bytes do not carry the schema, so a schema header helps (D14). */
  readonly schemaHeader: boolean;
}

export interface HeaderConverter {
  encode(topic: string, header: Header): Uint8Array | null;
  decode(topic: string, header: RawHeader): Datum;
}
