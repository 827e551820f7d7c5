import { option, optionSet, parseOptions } from '../../connector/options.ts';
import { structOf } from '../../record/schema-builder.ts';
import { struct, type Value } from '../../record/value.ts';
import { replaceNull } from './replace-null-option.ts';
import { fieldPath, fieldSyntax, schemaAt, syntaxOf, valueAt } from '../field-path.ts';
import { KAFKA_TRANSFORMS } from '../java-packages.ts';
import { NeedsValues, nodeAt, structNode } from '../layout-node.ts';
import { requireMap, requireNames, requireStruct } from '../requirements.ts';
import { SchemaMemo } from '../schema-memo.ts';
import { rejected } from '../transform-error.ts';
import type { TransformKind } from '../transform.ts';

const PURPOSE = 'copying fields from value to key';

const options = optionSet('ValueToKey', {
  fields: option.list({
    doc: 'Fields of the value that make the new key. A field at a path has its last step as name in the key.',
    importance: 'HIGH',
  }),
  ...replaceNull,
  ...fieldSyntax,
});

export const valueToKey: TransformKind = {
  name: 'ValueToKey',
  javaPackage: KAFKA_TRANSFORMS,
  doc: 'Makes the key of fields of the value.',
  options,
  sided: false,
  create: (config) => {
    const { fields, 'replace.null.with.default': withDefaults } = parseOptions(options, config);
    const syntax = syntaxOf(config);
    const paths = requireNames('fields', fields).map((text) => {
      const path = fieldPath(text, syntax, 'fields');
      return { text, path, name: path.at(-1) ?? text };
    });
    const schemas = new SchemaMemo((schema) =>
      structOf(
        paths.map(({ text, path, name }) => {
          const found = schemaAt(schema, path);
          if (found === undefined) throw rejected('FIELD', `Field does not exist: ${text}`);
          return { name, schema: found };
        }),
      ),
    );
    return {
      apply: (record) => {
        const { valueSchema, value } = record;
        if (valueSchema === null) {
          const map = requireMap(value, PURPOSE);
          record.key = new Map<Value, Value>(
            paths.map(({ path, name }) => [name, valueAt(null, map, path, withDefaults)]),
          );
          record.keySchema = null;
          return record;
        }
        const from = requireStruct(valueSchema, value, PURPOSE);
        record.keySchema = schemas.of(valueSchema);
        const key = struct();
        for (const { path, name } of paths) key[name] = valueAt(valueSchema, from, path, withDefaults);
        record.key = key;
        return record;
      },
      layout: (layout) => {
        const from = structNode(layout.value);
        if (from === null || new Set(paths.map(({ name }) => name)).size < paths.length) throw new NeedsValues();
        const schema = schemas.of(from.schema);
        const fields = (schema.fields ?? []).map((field, i) => {
          return nodeAt(from, paths[i]?.path ?? [], field.schema, withDefaults);
        });
        return { ...layout, key: { kind: 'struct', schema, fields } };
      },
    };
  },
};
