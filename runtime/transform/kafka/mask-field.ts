import { option, optionSet, parseOptions } from '../../connector/options.ts';
import { Decimal } from '../../record/decimal.ts';
import { CONNECT_DATE, CONNECT_TIME, CONNECT_TIMESTAMP, decimalScale, isDecimal } from '../../record/logical-types.ts';
import type { Schema } from '../../record/schema.ts';
import type { Value } from '../../record/value.ts';
import { sameForAll } from './cell-conversion.ts';
import { castValue, type CastType } from './cast-value.ts';
import { replaceNull } from './replace-null-option.ts';
import { editedMap, fieldPath, fieldSyntax, syntaxOf } from '../field-path.ts';
import { isMap, javaClass } from '../java-class.ts';
import { NeedsValues, structNode } from '../layout-node.ts';
import { KAFKA_TRANSFORMS } from '../java-packages.ts';
import { requireMap, requireNames, requireStruct } from '../requirements.ts';
import { SchemaMemo } from '../schema-memo.ts';
import { sideOf } from '../side.ts';
import { pathTree, planStruct, visitPaths } from '../struct-plan.ts';
import { rejected } from '../transform-error.ts';
import type { TransformKind } from '../transform.ts';

const PURPOSE = 'mask fields';

const options = optionSet('MaskField', {
  fields: option.list({ doc: 'Fields to mask.', importance: 'HIGH' }),
  replacement: option.string({
    doc: 'What stands in their place, for texts and numbers; without it 0, false, an empty text, list or map.',
    importance: 'LOW',
    optional: true,
    minLength: 1,
  }),
  ...replaceNull,
  ...fieldSyntax,
});

export const maskField: TransformKind = {
  name: 'MaskField',
  javaPackage: KAFKA_TRANSFORMS,
  doc: 'Replaces the values of fields by an empty value of their type, or by a fixed one.',
  options,
  sided: true,
  create: (config, name) => {
    const { fields, replacement, 'replace.null.with.default': withDefaults } = parseOptions(options, config);
    const syntax = syntaxOf(config);
    const paths = requireNames('fields', fields).map((text) => fieldPath(text, syntax, 'fields'));
    const side = sideOf(name);
    const mask = (schema: Schema | null, value: Value): Value => {
      if (value === null) return null;
      return replacement === undefined ? emptied(schema, value) : replaced(schema, value, replacement);
    };
    const visit = visitPaths(pathTree(paths.map((path) => [path, true])), ({ schema }) => ({
      convert: (value) => mask(schema, value),
      convertCell: (codec) => sameForAll(codec, schema, mask(schema, anyOf(schema))),
    }));
    const plans = new SchemaMemo((schema) =>
      planStruct(schema, visit, { replaceNull: withDefaults, sameSchema: true }),
    );
    return {
      apply: (record) => {
        const schema = side.schema(record);
        const value = side.value(record);
        if (schema === null) {
          const edited = editedMap(requireMap(value, PURPOSE), paths, () => (holder, field) => {
            holder.set(field, mask(null, holder.get(field) ?? null));
          });
          side.set(record, null, edited);
        } else {
          side.set(record, schema, plans.of(schema).apply(requireStruct(schema, value, PURPOSE)));
        }
        return record;
      },
      layout: (layout) => {
        const from = structNode(side.node(layout));
        if (from === null) throw new NeedsValues();
        return side.withNode(layout, plans.of(from.schema).node(from));
      },
    };
  },
};

/** A value of the schema: what masks it is the same for all. */
function anyOf(schema: Schema): Value {
  switch (schema.type) {
    case 'boolean':
      return false;
    case 'string':
      return '';
    case 'int64':
      return 0n;
    case 'array':
      return [];
    case 'map':
      return new Map();
    case 'bytes':
      return isDecimal(schema) ? new Decimal(0n, decimalScale(schema)) : Buffer.alloc(0);
    case 'struct':
      throw new NeedsValues();
    default:
      return 0;
  }
}

function emptied(schema: Schema | null, value: Value): Value {
  if (value instanceof Decimal) return new Decimal(0n, schema === null ? 0 : decimalScale(schema));
  switch (typeof value) {
    case 'string':
      return '';
    case 'boolean':
      return false;
    case 'number':
      return 0;
    case 'bigint':
      return 0n;
    default:
      if (Array.isArray(value)) return [];
      if (isMap(value)) return new Map();
      throw rejected('TYPE', `Cannot mask value of type: class ${javaClass(schema, value)}`);
  }
}

function replaced(schema: Schema | null, value: Value, replacement: string): Value {
  if (typeof value === 'string') return replacement;
  if (value instanceof Decimal) return decimal(schema, replacement);
  const logical = schema?.name === CONNECT_DATE || schema?.name === CONNECT_TIME || schema?.name === CONNECT_TIMESTAMP;
  const numeric = typeof value === 'number' || typeof value === 'bigint';
  if (!numeric || logical) {
    const found = javaClass(schema, value);
    throw rejected('TYPE', `Cannot mask value of type class ${found} with custom replacement.`);
  }
  const type = (schema?.type ?? (Number.isInteger(Number(value)) ? 'int64' : 'double')) as CastType;
  const exact = parsed(replacement);
  if (exact === null) throw notNumeric(replacement);
  return castValue(schema === null ? null : NUMBER_OF, exact, type);
}

/** A decimal's own schema does not matter to the cast: only its value. */
const NUMBER_OF: Schema = { type: 'bytes', optional: false, name: 'org.apache.kafka.connect.data.Decimal' };

function parsed(text: string): Decimal | null {
  try {
    return Decimal.parse(text);
  } catch {
    return null;
  }
}

function decimal(schema: Schema | null, replacement: string): Value {
  const exact = parsed(replacement);
  if (exact === null) throw rejected('VALUE', `Unable to convert ${replacement} (class java.lang.String) to number`);
  if (schema === null || !isDecimal(schema)) return exact;
  const scaled = exact.rescale(decimalScale(schema));
  if (scaled !== null) return scaled;
  throw rejected('VALUE', `${replacement} has more digits than a decimal of scale ${decimalScale(schema)}`);
}

function notNumeric(replacement: string): Error {
  return rejected('VALUE', `Unable to convert ${replacement} (class java.lang.String) to a number`);
}
