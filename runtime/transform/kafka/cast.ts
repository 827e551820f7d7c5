import { option, optionSet, parseOptions, type RawConfig } from '../../connector/options.ts';
import { CONNECT_DATE, CONNECT_TIME, CONNECT_TIMESTAMP, isDecimal } from '../../record/logical-types.ts';
import { primitive } from '../../record/schema-builder.ts';
import type { CellCodec } from '../../record/cell-codec.ts';
import type { Schema } from '../../record/schema.ts';
import type { Value } from '../../record/value.ts';
import { convertedCell, rewrittenCell } from './cell-conversion.ts';
import { castValue, type CastType } from './cast-value.ts';
import { replaceNull } from './replace-null-option.ts';
import { editedMap, fieldPath, fieldSyntax, syntaxOf, type FieldPath, type MapChange } from '../field-path.ts';
import { isAlwaysNull, NeedsValues } from '../layout-node.ts';
import { KAFKA_TRANSFORMS } from '../java-packages.ts';
import { SchemaMemo } from '../schema-memo.ts';
import { requireStruct } from '../requirements.ts';
import { byPlans, sideEdit } from '../side-edit.ts';
import { sideOf, type RecordSide } from '../side.ts';
import { convertedNode, pathTree, planStruct, visitPaths } from '../struct-plan.ts';
import { wrongOption } from '../transform-error.ts';
import type { Transform, TransformKind } from '../transform.ts';

const PURPOSE = 'cast types';

const options = optionSet('Cast', {
  spec: option.list({
    doc: 'Fields and their new types, as field:type, or one type for the whole. Types: int8, int16, int32, int64, float32, float64, boolean, string.',
    importance: 'HIGH',
  }),
  ...replaceNull,
  ...fieldSyntax,
});

const TYPES: Readonly<Record<string, CastType>> = {
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FLOAT32: 'float',
  FLOAT64: 'double',
  BOOLEAN: 'boolean',
  STRING: 'string',
};
const OTHER_TYPES = ['ARRAY', 'MAP', 'STRUCT', 'BYTES'];

interface Spec {
  readonly whole: CastType | undefined;
  readonly fields: readonly (readonly [FieldPath, CastType])[];
}

export const cast: TransformKind = {
  name: 'Cast',
  javaPackage: KAFKA_TRANSFORMS,
  doc: 'Gives fields, or the whole key or value, another type.',
  options,
  sided: true,
  create: (config, name) => {
    const { 'replace.null.with.default': withDefaults } = parseOptions(options, config);
    const { whole, fields } = parseSpec(config);
    const side = sideOf(name);
    return whole === undefined ? castFields(side, fields, withDefaults) : castWhole(side, whole);
  },
};

function castWhole(side: RecordSide, to: CastType): Transform {
  const schemas = new SchemaMemo((schema) => wholeSchema(schema, to));
  return {
    apply: (record) => {
      const value = side.value(record);
      if (value === null) return record;
      const schema = side.schema(record);
      side.set(record, schema === null ? null : schemas.of(schema), castValue(schema, value, to));
      return record;
    },
    layout: (layout) => {
      const node = side.node(layout);
      if (node === null || isAlwaysNull(node)) return layout;
      const { schema } = node;
      const made = schemas.of(schema);
      const convert = (value: Value): Value => castValue(schema, value, to);
      return side.withNode(
        layout,
        convertedNode(node, made, convert, (codec) => castCell(codec, schema, to, made)),
      );
    },
  };
}

/** Keeps name, version and so on, except of the logical types: as another type their name would be wrong. */
function wholeSchema(schema: Schema, to: CastType): Schema {
  const { name, version, doc, parameters } = schema;
  const logical = isDecimal(schema) || name === CONNECT_DATE || name === CONNECT_TIME || name === CONNECT_TIMESTAMP;
  const kept = {
    ...(name === undefined ? {} : { name }),
    ...(version === undefined ? {} : { version }),
    ...(parameters === undefined ? {} : { parameters }),
  };
  return primitive(to, {
    optional: schema.optional,
    ...(logical ? {} : kept),
    ...(doc === undefined ? {} : { doc }),
    ...castDefault(schema, to),
  });
}

function castDefault(schema: Schema, to: CastType): { defaultValue?: ReturnType<typeof castValue> } {
  const { defaultValue } = schema;
  return defaultValue === undefined || defaultValue === null
    ? {}
    : { defaultValue: castValue(schema, defaultValue, to) };
}

function castFields(side: RecordSide, fields: Spec['fields'], withDefaults: boolean): Transform {
  const types = new Map(fields);
  const paths = [...types.keys()];
  const change = (path: FieldPath): MapChange => {
    const to = types.get(path) ?? 'string';
    return (holder, field) => void holder.set(field, castValue(null, holder.get(field) ?? null, to));
  };
  const visit = visitPaths(pathTree(fields), ({ schema }, to) => {
    const made = primitive(to, { optional: schema.optional, ...castDefault(schema, to) });
    return {
      schema: made,
      convert: (value) => castValue(schema, value, to),
      convertCell: (codec) => castCell(codec, schema, to, made),
    };
  });
  const plans = new SchemaMemo((schema) =>
    planStruct(schema, visit, { replaceNull: withDefaults, keepOptional: true }),
  );
  const ofMap = (map: ReadonlyMap<Value, Value>): ReadonlyMap<Value, Value> => editedMap(map, paths, change);
  return sideEdit({
    ...byPlans(side, PURPOSE, plans),
    ofMap,
    // As in Kafka, whose error is the schema's where it is none of a struct.
    ofStruct: (record, schema, value) => {
      const plan = plans.of(schema);
      side.set(record, plan.schema, plan.apply(requireStruct(schema, value, PURPOSE)));
    },
  });
}

const INTEGERS = ['int8', 'int16', 'int32', 'int64'];

/** Cells cast as they are written, where no value of the type can fail: that is for the chain to say, not the converter. */
function castCell(codec: CellCodec, schema: Schema, to: CastType, made: Schema): CellCodec {
  const { type, name } = schema;
  const convert = (value: Value): Value => castValue(schema, value, to);
  if (name === CONNECT_DATE || name === CONNECT_TIME || name === CONNECT_TIMESTAMP) throw new NeedsValues();
  const from = INTEGERS.indexOf(type);
  if (from >= 0) {
    // Java writes an integer as JSON does, and a wider one the same.
    if (to === 'string') return rewrittenCell(codec, made, convert, true);
    if (INTEGERS.indexOf(to) >= from) return rewrittenCell(codec, made, convert, false);
    return convertedCell(codec, made, convert);
  }
  const exact =
    type === 'boolean' ||
    type === 'float' ||
    type === 'double' ||
    isDecimal(schema) ||
    (type === 'string' && (to === 'string' || to === 'boolean')) ||
    (type === 'bytes' && to === 'string');
  if (!exact) throw new NeedsValues();
  return type === to ? rewrittenCell(codec, made, convert, false) : convertedCell(codec, made, convert);
}

function parseSpec(config: RawConfig): Spec {
  const { spec } = parseOptions(options, config);
  const syntax = syntaxOf(config);
  if (spec.length === 0) throw wrongOption('spec', 'Must specify at least one field to cast.');
  const fields: [FieldPath, CastType][] = [];
  let whole: CastType | undefined;
  for (const item of spec) {
    const [first = '', second, more] = item.split(':');
    if (more !== undefined)
      throw wrongOption('spec', `Invalid value ${spec.join(',')} for configuration spec: ${item}`);
    if (second === undefined) whole = castType(first);
    else fields.push([fieldPath(first.trim(), syntax, 'spec'), castType(second)]);
  }
  if (whole !== undefined && spec.length > 1) {
    const message =
      'Cast transformations that specify a type to cast the entire value to may only specify a single cast in their spec';
    throw wrongOption('spec', message);
  }
  return { whole, fields };
}

function castType(text: string): CastType {
  const name = text.trim().toUpperCase();
  const type = TYPES[name];
  if (type !== undefined) return type;
  const problem = OTHER_TYPES.includes(name)
    ? `Cast transformation does not support casting to ${name}; supported types are [${Object.keys(TYPES).join(', ')}]`
    : `Invalid type found in casting spec: ${text.trim()}`;
  throw wrongOption('spec', problem);
}
