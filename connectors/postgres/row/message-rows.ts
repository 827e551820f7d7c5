import { TRANSACTION_BLOCK, type EnvelopeParts } from '../../../runtime/change/envelope.ts';
import { millisOfMicros, text } from '../../../runtime/change/meta-codecs.ts';
import { cellNode, textNode } from '../../../runtime/record/layout-nodes.ts';
import type { LayoutNode, RowLayout } from '../../../runtime/record/row-layout.ts';
import {
  field,
  optional,
  structOf,
  OPTIONAL_INT64,
  OPTIONAL_STRING,
  STRING,
} from '../../../runtime/record/schema-builder.ts';
import { bytesCodec, rawInPlace } from '../type/bytes-codec.ts';
import type { TypeOptions } from '../type/options.ts';
import { META_CELLS } from './source-block.ts';

/** Cells of a logical message's row, after the meta cells. */
const MESSAGE_CELL = { prefix: META_CELLS, content: META_CELLS + 1 } as const;

const KEY = structOf([field('prefix', OPTIONAL_STRING)], {
  name: 'io.debezium.connector.postgresql.MessageKey',
  version: 1,
});

/** Records of `pg_logical_emit_message`: op `m`; the content as `binary.handling.mode` shows bytes. */
export function messageLayout(topic: string, parts: EnvelopeParts, types: TypeOptions): RowLayout {
  const source = parts.source('', '').stream;
  const content = bytesCodec(rawInPlace(), types);
  const contentSchema = optional(content.schema);
  const message = structOf([field('prefix', OPTIONAL_STRING), field('content', contentSchema)], {
    name: 'io.debezium.connector.postgresql.Message',
    version: 1,
  });
  const prefix: LayoutNode = cellNode(MESSAGE_CELL.prefix, OPTIONAL_STRING, text);
  const schema = structOf(
    [
      field('op', STRING),
      field('ts_ms', OPTIONAL_INT64),
      field('source', source.schema),
      field('transaction', TRANSACTION_BLOCK),
      field('message', message),
    ],
    { name: 'io.debezium.connector.postgresql.MessageValue', version: 1 },
  );
  return {
    topic,
    key: { kind: 'struct', schema: KEY, fields: [prefix] },
    value: {
      kind: 'struct',
      schema,
      fields: [
        textNode('m'),
        cellNode(parts.eventUs, OPTIONAL_INT64, millisOfMicros),
        source,
        parts.transaction,
        {
          kind: 'struct',
          schema: message,
          fields: [prefix, cellNode(MESSAGE_CELL.content, contentSchema, content)],
        },
      ],
    },
    headers: [],
    cells: META_CELLS + 2,
  };
}
