import { SNAPSHOT, transactionNode, type EnvelopeParts } from '../../../runtime/change/envelope.ts';
import { digits, millisOfMicros, nanosOfMicros, text } from '../../../runtime/change/meta-codecs.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { cellNode, constantNode, textNode } from '../../../runtime/record/layout-nodes.ts';
import type { LayoutNode } from '../../../runtime/record/row-layout.ts';
import {
  field,
  structOf,
  INT32,
  INT64,
  OPTIONAL_INT64,
  OPTIONAL_STRING,
  STRING,
} from '../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../runtime/record/schema.ts';

/** The first cells of every change row. Cells may share bytes; one there is nothing for is NULL. */
export const META = {
  /** Epoch microseconds, as digits: when the change was made. Never NULL. */
  sourceUs: 0,
  /** `true`, `first`, `last`, …; read in snapshot rows only. */
  snapshot: 1,
  serverId: 2,
  gtid: 3,
  file: 4,
  /** Where the row's event begins. */
  pos: 5,
  /** Number of the row in its event, from 0. */
  row: 6,
  thread: 7,
  /** The statement (`include.query`). */
  query: 8,
  /** Epoch microseconds, as digits: when the connector made the record. Never NULL. */
  eventUs: 9,
  /** GTID, or file and place; NULL: no transaction block. */
  transactionId: 10,
  totalOrder: 11,
  collectionOrder: 12,
} as const;

export const META_CELLS = 13;

/** `mysql` or `mariadb`: names the source block, its schema, and the context headers. */
export type Family = 'mysql' | 'mariadb';

function sourceSchema(family: Family): Schema {
  return structOf(
    [
      field('version', STRING),
      field('connector', STRING),
      field('name', STRING),
      field('ts_ms', INT64),
      field('snapshot', SNAPSHOT),
      field('db', STRING),
      field('sequence', OPTIONAL_STRING),
      field('ts_us', OPTIONAL_INT64),
      field('ts_ns', OPTIONAL_INT64),
      field('table', OPTIONAL_STRING),
      field('server_id', INT64),
      field('gtid', OPTIONAL_STRING),
      field('file', STRING),
      field('pos', INT64),
      field('row', INT32),
      field('thread', OPTIONAL_INT64),
      field('query', OPTIONAL_STRING),
    ],
    { name: `io.debezium.connector.${family}.Source`, version: 1 },
  );
}

const SCHEMAS: Readonly<Record<Family, Schema>> = { mysql: sourceSchema('mysql'), mariadb: sourceSchema('mariadb') };

const rowNumber: CellCodec = {
  ...digits,
  schema: INT32,
  value: (bytes, at, length) => Number(bytes.toString('latin1', at, at + length)),
};

export interface SourceIdentity {
  readonly family: Family;
  readonly version: string;
  /** `topic.prefix` */
  readonly name: string;
}

export function mysqlEnvelope(identity: SourceIdentity, transactionMetadata: boolean): EnvelopeParts {
  return {
    source: (database, table) => ({
      read: sourceNode(identity, database, table, cellNode(META.snapshot, SNAPSHOT, text)),
      stream: sourceNode(identity, database, table, constantNode(SNAPSHOT, 'false')),
    }),
    transaction: transactionMetadata
      ? transactionNode({
          id: META.transactionId,
          totalOrder: META.totalOrder,
          collectionOrder: META.collectionOrder,
        })
      : transactionNode(),
    eventUs: META.eventUs,
  };
}

function sourceNode(identity: SourceIdentity, database: string, table: string, snapshot: LayoutNode): LayoutNode {
  return {
    kind: 'struct',
    schema: SCHEMAS[identity.family],
    fields: [
      textNode(identity.version),
      textNode(identity.family),
      textNode(identity.name),
      cellNode(META.sourceUs, INT64, millisOfMicros),
      snapshot,
      textNode(database),
      constantNode(OPTIONAL_STRING, null),
      cellNode(META.sourceUs, OPTIONAL_INT64, digits),
      cellNode(META.sourceUs, OPTIONAL_INT64, nanosOfMicros),
      constantNode(OPTIONAL_STRING, table === '' ? null : table),
      cellNode(META.serverId, INT64, digits),
      cellNode(META.gtid, OPTIONAL_STRING, text),
      cellNode(META.file, STRING, text),
      cellNode(META.pos, INT64, digits),
      cellNode(META.row, INT32, rowNumber),
      cellNode(META.thread, OPTIONAL_INT64, digits),
      cellNode(META.query, OPTIONAL_STRING, text),
    ],
  };
}
