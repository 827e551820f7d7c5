import type { CellCodec } from './cell-codec.ts';
import type { JsonObject } from './record.ts';
import type { Schema } from './schema.ts';
import type { Value } from './value.ts';

/**
 * Where each part of a record comes from: a tree over the cells of a row.
 *
 * - `cell`: the row's cell of that index; null where the cell is NULL, or `whenNull` where the node has one.
 * - `constant`: the same for every row of the layout.
 * - `struct`: `fields[i]` belongs to `schema.fields[i]`. With `presentIf`, the struct is null in
 *   rows whose cell of that index is NULL.
 */
export type LayoutNode =
  | {
      readonly kind: 'cell';
      readonly cell: number;
      readonly schema: Schema;
      readonly codec: CellCodec;
      /** A transform's replacement of null; undefined or null: none. */
      readonly whenNull?: Value;
    }
  | { readonly kind: 'constant'; readonly schema: Schema; readonly value: Value }
  | {
      readonly kind: 'struct';
      readonly schema: Schema;
      readonly fields: readonly LayoutNode[];
      readonly presentIf?: number;
    };

/**
 * Describes all rows of one kind: a table at one version of its schema, and one operation.
 * Identity matters: converters cache a compiled plan per layout instance, so a source makes a
 * layout once per table version and operation, never per row.
 */
export interface RowLayout {
  readonly topic: string;
  /** Fixed topic partition; undefined: by the key's hash. */
  readonly partition?: number;
  /** null: the record has no key. */
  readonly key: LayoutNode | null;
  /** null: a tombstone. */
  readonly value: LayoutNode | null;
  readonly headers: readonly { readonly key: string; readonly node: LayoutNode }[];
  /** Cells per row. */
  readonly cells: number;
  /**
   * What `SourceTask.layout` needs to make this layout again, whatever options are in force then: it is
   * kept with the raw cells of a row that could not be decoded. Absent: such a row cannot be redriven.
   */
  readonly origin?: () => JsonObject;
  /** The layout that a chain made this one of; it has the same cells. */
  readonly from?: RowLayout;
}
