import { option, optionSet, parseOptions } from '../../connector/options.ts';
import type { Header } from '../../record/record.ts';
import { schemaIdText } from '../../record/schema-json.ts';
import type { Schema } from '../../record/schema.ts';
import { InsertPlan } from '../insert-plan.ts';
import { DEBEZIUM_TRANSFORMS } from '../java-packages.ts';
import { structNode } from '../layout-node.ts';
import { requireStruct } from '../requirements.ts';
import { SchemaMemo } from '../schema-memo.ts';
import { rejected, wrongOption } from '../transform-error.ts';
import type { TransformKind } from '../transform.ts';

const options = optionSet('HeaderToValue', {
  headers: option.list({ doc: 'Names of the headers.', importance: 'HIGH' }),
  fields: option.list({
    doc: 'The field each becomes, in the same order; dots lead into nested structs.',
    importance: 'HIGH',
  }),
  operation: option.oneOf(['move', 'copy'], {
    doc: 'move: the headers are removed; copy: they stay.',
    importance: 'HIGH',
  }),
});

const MOST_SHAPES = 1000;

export const headerToValue: TransformKind = {
  name: 'HeaderToValue',
  javaPackage: DEBEZIUM_TRANSFORMS,
  doc: 'Moves or copies headers into fields of the value.',
  options,
  sided: false,
  create: (config) => {
    const { headers, fields, operation } = parseOptions(options, config);
    for (const [key, list] of Object.entries({ headers, fields })) {
      if (list.length === 0 || list.includes(''))
        throw wrongOption(key, `Empty string element(s) not permitted: ${key}`);
    }
    if (headers.length !== fields.length) {
      throw wrongOption('fields', "'fields' config must have the same number of elements as 'headers' config.");
    }
    const plans = new SchemaMemo((schema) => new HeaderPlans(schema, headers, fields));
    return {
      apply: (record) => {
        const { value, valueSchema } = record;
        if (value === null) return record;
        const from = requireStruct(valueSchema, value, 'Header field insertion');
        if (valueSchema === null) throw rejected('SCHEMA', 'Schema required for [Header field insertion]');
        const present = record.headers.filter(({ key }) => headers.includes(key));
        if (present.length === 0) return record;
        const plan = plans.of(valueSchema).of(present);
        record.valueSchema = plan.schema;
        record.value = plan.apply(
          from,
          present.map((header) => header.value),
        );
        if (operation === 'move') record.headers = record.headers.filter(({ key }) => !headers.includes(key));
        return record;
      },
      layout: (layout) => {
        const from = structNode(layout.value);
        const present = layout.headers.filter(({ key }) => headers.includes(key));
        if (from === null || present.length === 0) return layout;
        const plan = plans.of(from.schema).of(present.map(({ key, node }) => ({ key, schema: node.schema })));
        const nodes = present.map(({ node }) => node);
        const kept = operation === 'copy' ? layout.headers : layout.headers.filter(({ key }) => !headers.includes(key));
        return { ...layout, value: plan.node(from, nodes), headers: kept };
      },
    };
  },
};

/** Plans for one schema of values, by which headers of which schemas are there. */
class HeaderPlans {
  readonly #schema: Schema;
  readonly #headers: readonly string[];
  readonly #fields: readonly string[];
  readonly #known = new Map<string, InsertPlan>();

  constructor(schema: Schema, headers: readonly string[], fields: readonly string[]) {
    this.#schema = schema;
    this.#headers = headers;
    this.#fields = fields;
  }

  of(present: readonly Pick<Header, 'key' | 'schema'>[]): InsertPlan {
    const shape = present.map(({ key, schema }) => `${key}\n${schema === null ? '' : schemaIdText(schema)}`).join('\n');
    const known = this.#known.get(shape);
    if (known !== undefined) return known;
    const insertions = present.map(({ key, schema }, index) => {
      const field = this.#fields[this.#headers.indexOf(key)] ?? key;
      if (schema === null) throw rejected('SCHEMA', `the header ${key} has no schema to be a field with`);
      return { path: field.split('.'), schema, index };
    });
    const plan = new InsertPlan(this.#schema, insertions, { replaceNull: true, strict: false });
    if (this.#known.size >= MOST_SHAPES) this.#known.clear();
    this.#known.set(shape, plan);
    return plan;
  }
}
