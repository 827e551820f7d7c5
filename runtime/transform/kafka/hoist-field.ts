import { option, optionSet, parseOptions } from '../../connector/options.ts';
import { structOf } from '../../record/schema-builder.ts';
import type { LayoutNode } from '../../record/row-layout.ts';
import type { Schema } from '../../record/schema.ts';
import { struct, type Value } from '../../record/value.ts';
import { fieldPath, fieldSyntax, syntaxOf } from '../field-path.ts';
import { KAFKA_TRANSFORMS } from '../java-packages.ts';
import { NeedsValues, retyped } from '../layout-node.ts';
import { SchemaMemo } from '../schema-memo.ts';
import { sideOf } from '../side.ts';
import type { TransformKind } from '../transform.ts';

const options = optionSet('HoistField', {
  field: option.string({ doc: 'Name of the one field of the new struct or map.' }),
  ...fieldSyntax,
});

export const hoistField: TransformKind = {
  name: 'HoistField',
  javaPackage: KAFKA_TRANSFORMS,
  doc: 'Wraps the key or value as the one field of a struct or map.',
  options,
  sided: true,
  create: (config, name) => {
    const { field } = parseOptions(options, config);
    const path = fieldPath(field, syntaxOf(config), 'field').toReversed();
    const side = sideOf(name);
    const schemas = new SchemaMemo((schema) => {
      return path.reduce<Schema>((inner, step) => structOf([{ name: step, schema: inner }]), schema);
    });
    const inMap = (value: Value): Value => path.reduce<Value>((inner, step) => new Map([[step, inner]]), value);
    const inStruct = (value: Value): Value => path.reduce<Value>((inner, step) => struct({ [step]: inner }), value);
    return {
      apply: (record) => {
        const schema = side.schema(record);
        const value = side.value(record);
        if (schema === null) side.set(record, null, inMap(value));
        else side.set(record, schemas.of(schema), inStruct(value));
        return record;
      },
      layout: (layout) => {
        const node = side.node(layout);
        if (node === null) throw new NeedsValues();
        const hoisted = path.reduce<LayoutNode>((inner, step) => {
          return { kind: 'struct', schema: structOf([{ name: step, schema: inner.schema }]), fields: [inner] };
        }, node);
        return side.withNode(layout, retyped(hoisted, schemas.of(node.schema)));
      },
    };
  },
};
