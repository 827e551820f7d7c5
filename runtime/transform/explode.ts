import { option, optionSet, parseOptions } from '../connector/options.ts';
import type { Schema } from '../record/schema.ts';
import type { Value } from '../record/value.ts';
import { editedMap, fieldPath, schemaAt, valueAt, type FieldPath } from './field-path.ts';
import { MILLRACE_TRANSFORMS } from './java-packages.ts';
import { requireMap, requireStruct } from './requirements.ts';
import { SchemaMemo } from './schema-memo.ts';
import { pathTree, planStruct, visitPaths, type StructPlan } from './struct-plan.ts';
import { rejected } from './transform-error.ts';
import type { TransformRecord } from './transform-record.ts';
import type { Transform, TransformKind } from './transform.ts';

const PURPOSE = 'one record per item';

const options = optionSet('Explode', {
  field: option.string({
    doc: 'Path of the list in the value; dots lead into nested structs or maps.',
    importance: 'HIGH',
    minLength: 1,
  }),
  output: option.oneOf(['item', 'record'], {
    doc: 'item: the item is the new value; record: the value, with the item in the place of the list.',
    default: 'record',
  }),
});

export const explode: TransformKind = {
  name: 'Explode',
  javaPackage: MILLRACE_TRANSFORMS,
  doc: 'Makes a record of each item of a list in the value; none of an empty list. A record whose list is null goes on as it is.',
  options,
  sided: false,
  create: (config) => {
    const { field, output } = parseOptions(options, config);
    return new Explode(fieldPath(field, 'V2', 'field'), field, output === 'item');
  },
};

interface Plan {
  readonly item: Schema;
  /** Puts the item, found by the cursor, in the place of the list. */
  readonly record: StructPlan;
}

class Explode implements Transform {
  readonly #path: FieldPath;
  readonly #field: string;
  readonly #onlyItem: boolean;
  readonly #plans: SchemaMemo<Plan>;
  #item: Value = null;

  constructor(path: FieldPath, field: string, onlyItem: boolean) {
    this.#path = path;
    this.#field = field;
    this.#onlyItem = onlyItem;
    this.#plans = new SchemaMemo((schema) => this.#plan(schema));
  }

  apply(record: TransformRecord): TransformRecord | readonly TransformRecord[] {
    const { value, valueSchema } = record;
    if (value === null) return record;
    const list = valueAt(valueSchema, value, this.#path, true);
    if (list === null) return record;
    if (!Array.isArray(list)) throw rejected('TYPE', `The field ${this.#field} is no list`);
    return list.map((item) => this.#one(record, item as Value));
  }

  #one(record: TransformRecord, item: Value): TransformRecord {
    const { value, valueSchema } = record;
    const made = record.copy();
    if (valueSchema === null) {
      made.value = this.#onlyItem
        ? item
        : editedMap(requireMap(value, PURPOSE), [this.#path], () => (holder, name) => void holder.set(name, item));
      return made;
    }
    const plan = this.#plans.of(valueSchema);
    made.valueSchema = this.#onlyItem ? plan.item : plan.record.schema;
    this.#item = item;
    made.value = this.#onlyItem ? item : plan.record.apply(requireStruct(valueSchema, value, PURPOSE));
    return made;
  }

  #plan(schema: Schema): Plan {
    const item = schemaAt(schema, this.#path)?.valueSchema;
    if (item === undefined) throw rejected('TYPE', `The field ${this.#field} is no list`);
    const visit = visitPaths(pathTree([[this.#path, true]]), () => ({ schema: item, convert: () => this.#item }));
    return { item, record: planStruct(schema, visit, { replaceNull: false, keepOptional: true }) };
  }
}
