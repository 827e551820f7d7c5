import { millisOfMicros, text } from '../../../runtime/change/meta-codecs.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { cellNode, constantNode, textNode } from '../../../runtime/record/layout-nodes.ts';
import type { JsonValue } from '../../../runtime/record/record.ts';
import type { RowLayout } from '../../../runtime/record/row-layout.ts';
import {
  arrayOf,
  BOOLEAN,
  field,
  INT32,
  INT64,
  optional,
  OPTIONAL_INT32,
  OPTIONAL_STRING,
  STRING,
  structOf,
} from '../../../runtime/record/schema-builder.ts';
import { struct, type MutableStruct, type Value } from '../../../runtime/record/value.ts';
import { META, META_CELLS, type Family } from '../row/source-block.ts';
import type { RowFactory } from '../row/table-rows.ts';

const COLUMN = structOf(
  [
    field('name', STRING),
    field('jdbcType', INT32),
    field('nativeType', OPTIONAL_INT32),
    field('typeName', STRING),
    field('typeExpression', OPTIONAL_STRING),
    field('charsetName', OPTIONAL_STRING),
    field('length', OPTIONAL_INT32),
    field('scale', OPTIONAL_INT32),
    field('position', INT32),
    field('optional', optional(BOOLEAN)),
    field('autoIncremented', optional(BOOLEAN)),
    field('generated', optional(BOOLEAN)),
    field('comment', OPTIONAL_STRING),
    field('defaultValueExpression', OPTIONAL_STRING),
    field('enumValues', arrayOf(STRING, { optional: true })),
  ],
  { name: 'io.debezium.connector.schema.Column', version: 1 },
);
const TABLE = structOf(
  [
    field('defaultCharsetName', OPTIONAL_STRING),
    field('primaryKeyColumnNames', arrayOf(STRING, { optional: true })),
    field('columns', arrayOf(COLUMN)),
    field('comment', OPTIONAL_STRING),
  ],
  { name: 'io.debezium.connector.schema.Table', version: 1, optional: true },
);
const CHANGES = arrayOf(
  structOf([field('type', STRING), field('id', STRING), field('table', TABLE)], {
    name: 'io.debezium.connector.schema.Change',
    version: 1,
  }),
);

/** The cell is the array's JSON, as a converter would write it. */
const changes: CellCodec = {
  schema: CHANGES,
  json: () => (bytes, at, length, writer) => writer.copy(bytes, at, length),
  value: (bytes, at, length) => asValue(JSON.parse(bytes.toString('utf8', at, at + length)) as JsonValue),
};

function asValue(json: JsonValue): Value {
  if (Array.isArray(json)) return json.map((item: JsonValue) => asValue(item));
  if (json === null || typeof json !== 'object') return json;
  const made: MutableStruct = struct();
  for (const [name, value] of Object.entries(json)) made[name] = asValue(value);
  return made;
}

/** Cells of a schema change record, after the meta cells. */
const CELL = { ddl: META_CELLS, changes: META_CELLS + 1 } as const;

/**
 * The layout of one schema change record: topic and its parts as Debezium's. Cells: the meta cells, the
 * statement, and the changes as JSON.
 */
export function schemaChangeLayout(
  rows: RowFactory,
  family: Family,
  about: { readonly database: string; readonly table: string; readonly snapshot: boolean },
): RowLayout {
  const source = rows.parts.source(about.database, about.table);
  const node = about.snapshot ? source.read : source.stream;
  const key = structOf([field('databaseName', STRING)], {
    name: `io.debezium.connector.${family}.SchemaChangeKey`,
    version: 1,
  });
  const value = structOf(
    [
      field('source', node.schema),
      field('ts_ms', INT64),
      field('databaseName', OPTIONAL_STRING),
      field('schemaName', OPTIONAL_STRING),
      field('ddl', OPTIONAL_STRING),
      field('tableChanges', CHANGES),
    ],
    { name: `io.debezium.connector.${family}.SchemaChangeValue`, version: 1 },
  );
  return {
    topic: rows.topics.table(),
    key: { kind: 'struct', schema: key, fields: [textNode(about.database)] },
    value: {
      kind: 'struct',
      schema: value,
      fields: [
        node,
        cellNode(META.eventUs, INT64, millisOfMicros),
        constantNode(OPTIONAL_STRING, about.database),
        constantNode(OPTIONAL_STRING, null),
        cellNode(CELL.ddl, OPTIONAL_STRING, text),
        cellNode(CELL.changes, CHANGES, changes),
      ],
    },
    headers: rows.headers,
    cells: META_CELLS + 2,
  };
}
