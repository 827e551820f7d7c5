import type { SchemaElement } from 'hyparquet-writer';
import { optional } from '../../../runtime/record/schema-builder.ts';
import type { Datum } from '../../../runtime/record/record.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import type { StructValue, Value } from '../../../runtime/record/value.ts';
import { columnTree, hasDurations, type ColumnTree, type LeafColumn } from './parquet-columns.ts';
import { sameSchema } from './same-schema.ts';

/**
 * A part of the record whose schema is known once a record brings it: the key or the value. Until
 * then rows have nothing there; a row group written meanwhile has no such column.
 */
export class ParquetSlot {
  readonly #name: string;
  /** Fields of a struct become columns of their own. */
  readonly #spread: boolean;
  #schema: Schema | null = null;
  #trees: readonly ColumnTree[] = [];

  constructor(name: string, spread: boolean) {
    this.#name = name;
    this.#spread = spread;
  }

  get schema(): Schema | null {
    return this.#schema;
  }

  get elements(): readonly SchemaElement[] {
    return this.#trees.flatMap((tree) => tree.elements);
  }

  get columns(): number {
    return this.#trees.length;
  }

  get leaves(): readonly LeafColumn[] {
    return this.#trees.flatMap((tree) => tree.leaves);
  }

  /** `frozen`: a row group without this slot is written already. */
  fits({ schema, value }: Datum, frozen: boolean): boolean {
    if (value === null && !this.#spread) return true;
    if (this.#schema === null) return !frozen;
    return schema !== null && sameSchema(schema, this.#schema);
  }

  /** Compiles the schema; the rows before have nothing here. */
  learn(schema: Schema, rowsBefore: number): void {
    const trees = this.#compile(schema);
    for (const tree of trees) for (let row = 0; row < rowsBefore; row++) tree.absent(0, 0);
    this.#trees = trees;
    this.#schema = schema;
  }

  shred(value: Value): void {
    const spread = this.#spread && this.#schema?.type === 'struct';
    if (!spread) {
      this.#trees[0]?.shred(value, 0, 0);
      return;
    }
    const fields = this.#schema?.fields ?? [];
    for (let i = 0; i < fields.length; i++) {
      this.#trees[i]?.shred((value as StructValue)[fields[i]?.name ?? ''], 0, 0);
    }
  }

  #compile(schema: Schema): readonly ColumnTree[] {
    if (!this.#spread) return [columnTree(this.#name, optional(schema))];
    if (schema.type !== 'struct') return [columnTree(this.#name, schema)];
    const fields = schema.fields ?? [];
    if (fields.length === 0) throw new TypeError('a struct without fields has no Parquet type');
    const durations = hasDurations(schema);
    return fields.map((field) => columnTree(field.name, field.schema, durations));
  }
}
