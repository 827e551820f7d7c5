import { option, optionSet, parseOptions } from '../../connector/options.ts';
import type { Schema } from '../../record/schema.ts';
import { replaceNull } from './replace-null-option.ts';
import { isStruct } from '../java-class.ts';
import { inside, retyped } from '../layout-node.ts';
import { KAFKA_TRANSFORMS } from '../java-packages.ts';
import { SchemaMemo } from '../schema-memo.ts';
import { sideOf } from '../side.ts';
import { planStruct } from '../struct-plan.ts';
import { rejected, wrongOption } from '../transform-error.ts';
import type { TransformKind } from '../transform.ts';

const options = optionSet('SetSchemaMetadata', {
  'schema.name': option.string({ doc: 'New name of the schema.', importance: 'HIGH', optional: true }),
  'schema.version': option.int({ doc: 'New version of the schema.', importance: 'HIGH', optional: true }),
  ...replaceNull,
});

export const setSchemaMetadata: TransformKind = {
  name: 'SetSchemaMetadata',
  javaPackage: KAFKA_TRANSFORMS,
  doc: 'Sets name and version of the schema.',
  options,
  sided: true,
  create: (config, side) => {
    const parsed = parseOptions(options, config);
    const { 'schema.name': name, 'schema.version': version } = parsed;
    if (name === undefined && version === undefined) {
      throw wrongOption('schema.name', 'Neither schema name nor version configured');
    }
    const of = sideOf(side);
    const plans = new SchemaMemo((schema) => {
      const renamed: Schema = {
        ...schema,
        ...(name === undefined ? {} : { name }),
        ...(version === undefined ? {} : { version }),
      };
      const replace = { replaceNull: parsed['replace.null.with.default'], sameSchema: true };
      return planStruct(renamed, () => undefined, replace);
    });
    return {
      apply: (record) => {
        const schema = of.schema(record);
        const value = of.value(record);
        if (schema === null && value === null) return record;
        if (schema === null) throw rejected('SCHEMA', 'Schema required for [updating schema metadata]');
        const plan = plans.of(schema);
        of.set(record, plan.schema, isStruct(value) ? plan.apply(value) : value);
        return record;
      },
      layout: (layout) => {
        const node = of.node(layout);
        if (node === null) return layout;
        const plan = plans.of(node.schema);
        if (node.schema.type !== 'struct') return of.withNode(layout, retyped(node, plan.schema));
        return of.withNode(
          layout,
          inside(node, plan.schema, (present) => plan.node(present)),
        );
      },
    };
  },
};
