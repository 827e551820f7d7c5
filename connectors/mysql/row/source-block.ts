import { transactionNode, type EnvelopeParts } from '../../../runtime/change/envelope.ts';
import { digits, text } from '../../../runtime/change/meta-codecs.ts';
import { SOURCE_HEAD, sourceBlocks, sourceHead } from '../../../runtime/change/source-head.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { cellNode, constantNode } from '../../../runtime/record/layout-nodes.ts';
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
      ...SOURCE_HEAD,
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
    source: (database, table) =>
      sourceBlocks(META.snapshot, (snapshot) => sourceNode(identity, database, table, snapshot)),
    transaction: transactionNode(transactionMetadata ? META : undefined),
    eventUs: META.eventUs,
  };
}

function sourceNode(identity: SourceIdentity, database: string, table: string, snapshot: LayoutNode): LayoutNode {
  const head = {
    version: identity.version,
    connector: identity.family,
    name: identity.name,
    database,
    sourceUs: META.sourceUs,
    sequence: constantNode(OPTIONAL_STRING, null),
  };
  return {
    kind: 'struct',
    schema: SCHEMAS[identity.family],
    fields: [
      ...sourceHead(head, snapshot),
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
