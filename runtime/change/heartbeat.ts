import { cellNode, textNode } from '../record/layout-nodes.ts';
import type { RowLayout } from '../record/row-layout.ts';
import { field, structOf, INT64, STRING } from '../record/schema-builder.ts';
import { millisOfMicros } from './meta-codecs.ts';

const KEY = structOf([field('serverName', STRING)], { name: 'io.debezium.connector.common.ServerNameKey', version: 1 });
const VALUE = structOf([field('ts_ms', INT64)], { name: 'io.debezium.connector.common.Heartbeat', version: 1 });

/** A heartbeat record. Its one cell: digits of the epoch microseconds it was made. */
export function heartbeatLayout(topic: string, server: string): RowLayout {
  return {
    topic,
    key: { kind: 'struct', schema: KEY, fields: [textNode(server)] },
    value: { kind: 'struct', schema: VALUE, fields: [cellNode(0, INT64, millisOfMicros)] },
    headers: [],
    cells: 1,
  };
}
