import type { RowLayout } from '../../record/row-layout.ts';
import type { Schema } from '../../record/schema.ts';
import { isStruct } from '../java-class.ts';
import { NeedsValues } from '../layout-node.ts';
import { SchemaMemo } from '../schema-memo.ts';
import { sideOf, type RecordSide } from '../side.ts';
import { planStruct, type StructPlan } from '../struct-plan.ts';
import type { TransformRecord } from '../transform-record.ts';

export interface FieldDropOptions {
  /** Header that lists the fields; null: none are removed. */
  readonly header: string | null;
  readonly fromKey: boolean;
  /** A required field stays. */
  readonly optionalOnly: boolean;
}

const MOST_LISTS = 1000;

/** Removes the fields that a header of the record lists. */
export class FieldDropper {
  readonly #options: FieldDropOptions;
  /** Plans by the list of names, then by schema. */
  readonly #plans = new Map<string, SchemaMemo<StructPlan | null>>();

  constructor(options: FieldDropOptions) {
    this.#options = options;
  }

  apply(record: TransformRecord): void {
    const { header, fromKey } = this.#options;
    if (header === null) return;
    const list = record.headers.find(({ key }) => key === header)?.value ?? null;
    if (!Array.isArray(list) || list.length === 0) return;
    const names = list.filter((name) => typeof name === 'string');
    if (fromKey) this.#drop(sideOf('key'), record, names);
    this.#drop(sideOf('value'), record, names);
  }

  /** Throws `NeedsValues` for a layout whose rows list fields: each may list others. */
  requireNoHeader({ headers }: RowLayout): void {
    if (headers.some(({ key }) => key === this.#options.header)) throw new NeedsValues();
  }

  #drop(side: RecordSide, record: TransformRecord, names: readonly string[]): void {
    const schema = side.schema(record);
    const value = side.value(record);
    if (schema === null || !isStruct(value)) return;
    const plan = this.#memo(names).of(schema);
    if (plan !== null) side.set(record, plan.schema, plan.apply(value));
  }

  #memo(names: readonly string[]): SchemaMemo<StructPlan | null> {
    const id = JSON.stringify(names);
    const known = this.#plans.get(id);
    if (known !== undefined) return known;
    if (this.#plans.size >= MOST_LISTS) this.#plans.clear();
    const dropped = new Set(names);
    const memo = new SchemaMemo((schema) => this.#plan(schema, dropped));
    this.#plans.set(id, memo);
    return memo;
  }

  /** null: there is nothing to remove. */
  #plan(schema: Schema, names: ReadonlySet<string>): StructPlan | null {
    const { optionalOnly } = this.#options;
    const drops = (name: string, own: Schema): boolean => names.has(name) && (!optionalOnly || own.optional);
    if (optionalOnly && schema.fields?.some(({ name, schema: own }) => drops(name, own)) !== true) return null;
    const visit = ({ name, schema: own }: { readonly name: string; readonly schema: Schema }) =>
      drops(name, own) ? null : undefined;
    return planStruct(schema, visit, { replaceNull: true });
  }
}
