import { option, optionSet, parseOptions } from '../../connector/options.ts';
import type { Header } from '../../record/record.ts';
import type { RowLayout } from '../../record/row-layout.ts';
import type { Schema } from '../../record/schema.ts';
import type { Value } from '../../record/value.ts';
import { replaceNull } from './replace-null-option.ts';
import { editedMap, fieldPath, fieldSyntax, schemaAt, syntaxOf, valueAt, type FieldPath } from '../field-path.ts';
import { KAFKA_TRANSFORMS } from '../java-packages.ts';
import { NeedsValues, nodeAt, structNode } from '../layout-node.ts';
import { requireMap, requireStruct } from '../requirements.ts';
import { SchemaMemo } from '../schema-memo.ts';
import { sideOf, type RecordSide } from '../side.ts';
import { pathTree, planStruct, visitPaths } from '../struct-plan.ts';
import { rejected, wrongOption } from '../transform-error.ts';
import type { TransformRecord } from '../transform-record.ts';
import type { Transform, TransformKind } from '../transform.ts';

const options = optionSet('HeaderFrom', {
  fields: option.list({ doc: 'Fields that become headers.', importance: 'HIGH' }),
  headers: option.list({ doc: 'Names of the headers, in the order of the fields.', importance: 'HIGH' }),
  operation: option.oneOf(['move', 'copy'], {
    doc: 'move: the fields are removed; copy: they stay.',
    importance: 'HIGH',
  }),
  ...replaceNull,
  ...fieldSyntax,
});

interface Source {
  readonly text: string;
  readonly path: FieldPath;
  readonly header: string;
}

export const headerFrom: TransformKind = {
  name: 'HeaderFrom',
  javaPackage: KAFKA_TRANSFORMS,
  doc: 'Moves or copies fields into headers.',
  options,
  sided: true,
  create: (config, name) => {
    const { fields, headers, operation, 'replace.null.with.default': withDefaults } = parseOptions(options, config);
    for (const [key, list] of Object.entries({ fields, headers })) {
      if (list.length === 0) throw wrongOption(key, `Invalid value [] for configuration ${key}: Empty list`);
    }
    if (fields.length !== headers.length) {
      throw wrongOption('fields', "'fields' config must have the same number of elements as 'headers' config.");
    }
    const syntax = syntaxOf(config);
    const sources = fields.map((text, i): Source => {
      return { text, path: fieldPath(text, syntax, 'fields'), header: headers[i] ?? '' };
    });
    return new FieldsToHeaders(sideOf(name), sources, operation === 'move', withDefaults);
  },
};

class FieldsToHeaders implements Transform {
  readonly #side: RecordSide;
  readonly #sources: readonly Source[];
  readonly #moves: boolean;
  readonly #withDefaults: boolean;
  readonly #purpose: string;
  readonly #plans;
  readonly #schemas;

  constructor(side: RecordSide, sources: readonly Source[], moves: boolean, withDefaults: boolean) {
    this.#side = side;
    this.#sources = sources;
    this.#moves = moves;
    this.#withDefaults = withDefaults;
    this.#purpose = `header ${moves ? 'move' : 'copy'}`;
    const visit = visitPaths(pathTree(sources.map(({ path }) => [path, true] as const)), () => null);
    this.#plans = new SchemaMemo((schema) => planStruct(schema, visit, { replaceNull: withDefaults }));
    this.#schemas = new SchemaMemo((schema) => sources.map((source) => found(schema, source)));
  }

  apply(record: TransformRecord): TransformRecord {
    const schema = this.#side.schema(record);
    const value = this.#side.value(record);
    if (schema === null) this.#untyped(record, value);
    else this.#typed(record, schema, value);
    return record;
  }

  layout(layout: RowLayout): RowLayout {
    const from = structNode(this.#side.node(layout));
    if (from === null) throw new NeedsValues();
    const schemas = this.#schemas.of(from.schema);
    const added = this.#sources.map(({ header, path }, i) => {
      return { key: header, node: nodeAt(from, path, schemas[i] ?? from.schema, this.#withDefaults) };
    });
    const marked = { ...layout, headers: [...layout.headers, ...added] };
    return this.#moves ? this.#side.withNode(marked, this.#plans.of(from.schema).node(from)) : marked;
  }

  #typed(record: TransformRecord, schema: Schema, value: Value): void {
    const from = requireStruct(schema, value, this.#purpose);
    const schemas = this.#schemas.of(schema);
    const added = this.#sources.map(({ header, path }, i): Header => {
      return { key: header, schema: schemas[i] ?? null, value: valueAt(schema, from, path, this.#withDefaults) };
    });
    record.headers = [...record.headers, ...added];
    if (!this.#moves) return;
    const plan = this.#plans.of(schema);
    this.#side.set(record, plan.schema, plan.apply(from));
  }

  #untyped(record: TransformRecord, value: Value): void {
    const map = requireMap(value, this.#purpose);
    const added = this.#sources.map(({ header, path }): Header => {
      return { key: header, schema: null, value: valueAt(null, map, path, false) };
    });
    record.headers = [...record.headers, ...added];
    if (!this.#moves) return;
    const paths = this.#sources.map(({ path }) => path);
    this.#side.set(
      record,
      null,
      editedMap(map, paths, () => (holder, name) => void holder.delete(name)),
    );
  }
}

function found(schema: Schema, { path, text }: Source): Schema {
  const own = schemaAt(schema, path);
  if (own === undefined) throw rejected('FIELD', `Field does not exist: ${text}`);
  return own;
}
