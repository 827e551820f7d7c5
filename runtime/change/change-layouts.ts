import { NULL_CELL, UNCHANGED_CELL, type RowBlock } from '../record/row-block.ts';
import type { CellCodec } from '../record/cell-codec.ts';
import type { LayoutNode, RowLayout } from '../record/row-layout.ts';
import type { Field, Schema } from '../record/schema.ts';
import type { Value } from '../record/value.ts';
import { envelopeNode, envelopeSchema, type EnvelopeParts, type Op } from './envelope.ts';

/** A column as records show it. */
export interface ChangeColumn {
  /** Field name, adjusted as the options say. */
  readonly name: string;
  /** Type of the field: optional and with its default as the table has it. */
  readonly schema: Schema;
  readonly codec: CellCodec;
  /** Place of its cell in an image: the column's place in the table. */
  readonly cell: number;
  /** Shown in place of every value, NULL included (a mask). */
  readonly constant?: Value;
}

/** One version of a table, as records show it. */
export interface ChangeTable {
  readonly topic: string;
  /** Schemas are `<name>.Key`, `<name>.Value`, `<name>.Envelope`. */
  readonly name: string;
  readonly sourceSchema: string;
  readonly sourceTable: string;
  /** Cells before the images. */
  readonly metaCells: number;
  /** Cells per image: all columns of the table, also those that no record shows. */
  readonly width: number;
  /** Columns of the value, in table order. */
  readonly columns: readonly ChangeColumn[];
  /** Columns of the key, in key order; empty: records have no key. */
  readonly key: readonly ChangeColumn[];
  /** Cells (places in an image) that old images carry; undefined: all. */
  readonly oldCells?: ReadonlySet<number>;
}

export interface ChangeLayoutOptions {
  readonly tombstones: boolean;
  readonly skipped: ReadonlySet<Op>;
  /** `__debezium.context.*` of every record. */
  readonly headers: RowLayout['headers'];
}

/**
 * The layouts of one table version. Cells of a row: meta cells, then the old image if the layout
 * has one, then the new image if it has one; {@link RowLayout.cells} tells how many. null: records
 * of that kind are not wanted.
 *
 * | layout | images | record |
 * | --- | --- | --- |
 * | read, create, update | new | |
 * | updateWithBefore | old, new | |
 * | delete, tombstone | old | a delete is followed by its tombstone |
 * | keyChange.* | old, new | in this order: delete of the old key, its tombstone, create of the new key |
 * | truncate | none | no key |
 */
export interface ChangeLayouts {
  readonly read: RowLayout | null;
  readonly create: RowLayout | null;
  readonly update: RowLayout | null;
  readonly updateWithBefore: RowLayout | null;
  readonly delete: RowLayout | null;
  readonly tombstone: RowLayout | null;
  readonly keyChange: {
    readonly delete: RowLayout | null;
    readonly tombstone: RowLayout | null;
    readonly create: RowLayout | null;
  };
  readonly truncate: RowLayout | null;
  /** Schema of all values but tombstones. */
  readonly envelope: Schema;
  readonly keySchema: Schema | null;
}

export function changeLayouts(table: ChangeTable, parts: EnvelopeParts, options: ChangeLayoutOptions): ChangeLayouts {
  const build = new LayoutBuilder(table, parts, options);
  const old = table.metaCells;
  const one = old + table.width;
  const two = one + table.width;
  const newKey = mark('__debezium.newkey', build.key(one));
  const oldKey = mark('__debezium.oldkey', build.key(old));
  const { skipped, tombstones } = options;
  const unless = (op: Op, made: () => RowLayout): RowLayout | null => (skipped.has(op) ? null : made());
  // A key change is an update: skipped with the updates, as a whole, or not at all (I4, I5).
  const keyChange = !skipped.has('u');
  return {
    read: unless('r', () => build.layout(one, old, build.value('r', null, old))),
    create: unless('c', () => build.layout(one, old, build.value('c', null, old))),
    update: unless('u', () => build.layout(one, old, build.value('u', null, old))),
    updateWithBefore: unless('u', () => build.layout(two, one, build.value('u', old, one))),
    delete: unless('d', () => build.layout(one, old, build.value('d', old, null))),
    tombstone: tombstones && !skipped.has('d') ? build.layout(one, old, null) : null,
    keyChange: {
      delete: keyChange ? build.layout(two, old, build.value('d', old, null), newKey) : null,
      tombstone: keyChange && tombstones ? build.layout(two, old, null, newKey) : null,
      create: keyChange ? build.layout(two, one, build.value('c', null, one), oldKey) : null,
    },
    truncate: unless('t', () => build.layout(old, null, build.value('t', null, null))),
    envelope: build.envelope,
    keySchema: build.keySchema,
  };
}

/** Builds the nodes of one table; an image is named by its first cell, null where there is none. */
class LayoutBuilder {
  readonly envelope: Schema;
  readonly keySchema: Schema | null;
  readonly #table: ChangeTable;
  readonly #parts: EnvelopeParts;
  readonly #options: ChangeLayoutOptions;
  readonly #before: Schema;
  readonly #after: Schema;
  readonly #source: { readonly read: LayoutNode; readonly stream: LayoutNode };

  constructor(table: ChangeTable, parts: EnvelopeParts, options: ChangeLayoutOptions) {
    this.#table = table;
    this.#parts = parts;
    this.#options = options;
    this.#after = imageSchema(`${table.name}.Value`, table.columns);
    this.#before = oldImageSchema(table, this.#after);
    this.#source = parts.source(table.sourceSchema, table.sourceTable);
    this.envelope = envelopeSchema(`${table.name}.Envelope`, this.#before, this.#after, this.#source.stream.schema);
    this.keySchema = table.key.length === 0 ? null : keyStruct(`${table.name}.Key`, table);
  }

  key(image: number): LayoutNode | null {
    return this.keySchema === null ? null : structNode(this.keySchema, this.#table.key, image);
  }

  value(op: Op, before: number | null, after: number | null): LayoutNode {
    const image = (schema: Schema, at: number | null): LayoutNode =>
      at === null ? { kind: 'constant', schema, value: null } : structNode(schema, this.#table.columns, at);
    return envelopeNode(
      this.envelope,
      op,
      image(this.#before, before),
      image(this.#after, after),
      op === 'r' ? this.#source.read : this.#source.stream,
      this.#parts,
    );
  }

  layout(cells: number, key: number | null, value: LayoutNode | null, marks: RowLayout['headers'] = []): RowLayout {
    return {
      topic: this.#table.topic,
      key: key === null ? null : this.key(key),
      value,
      headers: [...marks, ...this.#options.headers],
      cells,
    };
  }
}

function mark(header: string, node: LayoutNode | null): RowLayout['headers'] {
  return node === null ? [] : [{ key: header, node }];
}

/**
 * Whether the key differs between two images whose first cells are `before` and `after` (indices
 * as in `RowBlock.cells`). An unchanged cell is equal.
 */
export function keyChanged(block: RowBlock, before: number, after: number, key: readonly ChangeColumn[]): boolean {
  for (const { cell } of key) if (!sameCell(block, before + cell, after + cell)) return true;
  return false;
}

/** Whether any of the columns differs between two images, as {@link keyChanged}. */
export function imageChanged(
  block: RowBlock,
  before: number,
  after: number,
  columns: readonly ChangeColumn[],
): boolean {
  return keyChanged(block, before, after, columns);
}

function sameCell(block: RowBlock, left: number, right: number): boolean {
  const { cells, arena } = block;
  const length = cells[right * 2 + 1] ?? NULL_CELL;
  if (length === UNCHANGED_CELL) return true;
  if (length !== cells[left * 2 + 1]) return false;
  if (length < 0) return true;
  const a = cells[left * 2] ?? 0;
  const b = cells[right * 2] ?? 0;
  if (a === b) return true;
  for (let i = 0; i < length; i++) if (arena[a + i] !== arena[b + i]) return false;
  return true;
}

function structNode(schema: Schema, columns: readonly ChangeColumn[], at: number): LayoutNode {
  const fields = schema.fields ?? [];
  return {
    kind: 'struct',
    schema,
    fields: columns.map(({ cell, codec, constant, schema: own }, i): LayoutNode => {
      const schema = fields[i]?.schema ?? own;
      if (constant !== undefined) return { kind: 'constant', schema, value: constant };
      return { kind: 'cell', cell: at + cell, schema, codec };
    }),
  };
}

function imageSchema(name: string, columns: readonly ChangeColumn[]): Schema {
  const fields = columns.map(({ name, schema }): Field => ({ name, schema }));
  return { type: 'struct', optional: true, name, fields };
}

/**
 * Schema of `before`. Where the replica identity leaves columns out, they are unknown there: a
 * required field would need a made-up value (I6), so these become optional and lose their default.
 */
function oldImageSchema(table: ChangeTable, after: Schema): Schema {
  const { oldCells } = table;
  if (oldCells === undefined) return after;
  const known = (column: ChangeColumn): boolean => oldCells.has(column.cell);
  if (table.columns.every((column) => known(column) || mayBeNull(column.schema))) return after;
  return imageSchema(
    `${table.name}.Before`,
    table.columns.map((column) => (known(column) ? column : { ...column, schema: unknown(column.schema) })),
  );
}

function keyStruct(name: string, table: ChangeTable): Schema {
  const { oldCells } = table;
  const fields = table.key.map(({ name, schema, cell }): Field => {
    const known = oldCells === undefined || oldCells.has(cell);
    return { name, schema: known ? schema : unknown(schema) };
  });
  return { type: 'struct', optional: false, name, fields };
}

function mayBeNull(schema: Schema): boolean {
  return schema.optional && schema.defaultValue === undefined;
}

function unknown(schema: Schema): Schema {
  if (mayBeNull(schema)) return schema;
  const { defaultValue: _, ...rest } = schema;
  return { ...rest, optional: true };
}
