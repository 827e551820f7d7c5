import { option, optionSet, parseOptions } from '../../connector/options.ts';
import type { Schema } from '../../record/schema.ts';
import { replaceNull } from './replace-null-option.ts';
import { fieldPath, fieldSyntax, schemaAt, syntaxOf, valueAt } from '../field-path.ts';
import { KAFKA_TRANSFORMS } from '../java-packages.ts';
import { requireMapOrNull, requireStructOrNull } from '../requirements.ts';
import { nodeAt } from '../layout-node.ts';
import { SchemaMemo } from '../schema-memo.ts';
import { sideOf } from '../side.ts';
import { rejected } from '../transform-error.ts';
import type { TransformKind } from '../transform.ts';

const PURPOSE = 'field extraction';

const options = optionSet('ExtractField', {
  field: option.string({ doc: 'The field to take.' }),
  ...replaceNull,
  ...fieldSyntax,
});

export const extractField: TransformKind = {
  name: 'ExtractField',
  javaPackage: KAFKA_TRANSFORMS,
  doc: 'Puts one field in the place of the whole key or value.',
  options,
  sided: true,
  create: (config, name) => {
    const { field, 'replace.null.with.default': withDefaults } = parseOptions(options, config);
    const path = fieldPath(field, syntaxOf(config), 'field');
    const side = sideOf(name);
    const schemas = new SchemaMemo((schema): Schema => {
      const found = schemaAt(schema, path);
      if (found === undefined) throw rejected('FIELD', `Unknown field: ${field}`);
      return found;
    });
    return {
      apply: (record) => {
        const schema = side.schema(record);
        const value = side.value(record);
        if (schema === null) {
          side.set(record, null, valueAt(null, requireMapOrNull(value, PURPOSE), path, withDefaults));
        } else {
          const found = requireStructOrNull(schema, value, PURPOSE);
          side.set(record, schemas.of(schema), valueAt(schema, found, path, withDefaults));
        }
        return record;
      },
      layout: (layout) => {
        const node = side.node(layout);
        if (node === null) return layout;
        return side.withNode(layout, nodeAt(node, path, schemas.of(node.schema), withDefaults));
      },
    };
  },
};
