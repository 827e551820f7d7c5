import type { RowLayout } from '../record/row-layout.ts';
import type { Schema } from '../record/schema.ts';
import { INT64, STRING } from '../record/schema-builder.ts';
import { millisOfMicros } from './meta-codecs.ts';

const KEY: Schema = {
  type: 'struct',
  optional: false,
  name: 'io.debezium.connector.common.ServerNameKey',
  version: 1,
  fields: [{ name: 'serverName', schema: STRING }],
};
const VALUE: Schema = {
  type: 'struct',
  optional: false,
  name: 'io.debezium.connector.common.Heartbeat',
  version: 1,
  fields: [{ name: 'ts_ms', schema: INT64 }],
};

/** A heartbeat record. Its one cell: digits of the epoch microseconds it was made. */
export function heartbeatLayout(topic: string, server: string): RowLayout {
  return {
    topic,
    key: { kind: 'struct', schema: KEY, fields: [{ kind: 'constant', schema: STRING, value: server }] },
    value: { kind: 'struct', schema: VALUE, fields: [{ kind: 'cell', cell: 0, schema: INT64, codec: millisOfMicros }] },
    headers: [],
    cells: 1,
  };
}
