import { TRANSACTION_BLOCK, type EnvelopeParts } from '../../../runtime/change/envelope.ts';
import { millisOfMicros, text } from '../../../runtime/change/meta-codecs.ts';
import type { LayoutNode, RowLayout } from '../../../runtime/record/row-layout.ts';
import {
  field,
  optional,
  structOf,
  OPTIONAL_INT64,
  OPTIONAL_STRING,
  STRING,
} from '../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import { bytesCodec, rawInPlace } from '../type/bytes-codec.ts';
import type { TypeOptions } from '../type/options.ts';
import { META_CELLS } from './source-block.ts';

/** Cells of a logical message's row, after the meta cells. */
const MESSAGE_CELL = { prefix: META_CELLS, content: META_CELLS + 1 } as const;

const KEY: Schema = {
  type: 'struct',
  optional: false,
  name: 'io.debezium.connector.postgresql.MessageKey',
  version: 1,
  fields: [{ name: 'prefix', schema: OPTIONAL_STRING }],
};

/** Records of `pg_logical_emit_message`: op `m`; the content as `binary.handling.mode` shows bytes. */
export function messageLayout(topic: string, parts: EnvelopeParts, types: TypeOptions): RowLayout {
  const source = parts.source('', '').stream;
  const content = bytesCodec(rawInPlace(), types);
  const contentSchema = optional(content.schema);
  const message = structOf([field('prefix', OPTIONAL_STRING), field('content', contentSchema)], {
    name: 'io.debezium.connector.postgresql.Message',
    version: 1,
  });
  const prefix: LayoutNode = { kind: 'cell', cell: MESSAGE_CELL.prefix, schema: OPTIONAL_STRING, codec: text };
  const schema: Schema = {
    type: 'struct',
    optional: false,
    name: 'io.debezium.connector.postgresql.MessageValue',
    version: 1,
    fields: [
      { name: 'op', schema: STRING },
      { name: 'ts_ms', schema: OPTIONAL_INT64 },
      { name: 'source', schema: source.schema },
      { name: 'transaction', schema: TRANSACTION_BLOCK },
      { name: 'message', schema: message },
    ],
  };
  return {
    topic,
    key: { kind: 'struct', schema: KEY, fields: [prefix] },
    value: {
      kind: 'struct',
      schema,
      fields: [
        { kind: 'constant', schema: STRING, value: 'm' },
        { kind: 'cell', cell: parts.eventUs, schema: OPTIONAL_INT64, codec: millisOfMicros },
        source,
        parts.transaction,
        {
          kind: 'struct',
          schema: message,
          fields: [prefix, { kind: 'cell', cell: MESSAGE_CELL.content, schema: contentSchema, codec: content }],
        },
      ],
    },
    headers: [],
    cells: META_CELLS + 2,
  };
}
