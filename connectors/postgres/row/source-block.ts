import { transactionNode, type EnvelopeParts } from '../../../runtime/change/envelope.ts';
import { digits, text } from '../../../runtime/change/meta-codecs.ts';
import { SOURCE_HEAD, sourceBlocks, sourceHead } from '../../../runtime/change/source-head.ts';
import { cellNode, textNode } from '../../../runtime/record/layout-nodes.ts';
import type { LayoutNode } from '../../../runtime/record/row-layout.ts';
import { field, structOf, OPTIONAL_INT64, OPTIONAL_STRING, STRING } from '../../../runtime/record/schema-builder.ts';

/**
 * The first cells of every change row (ASCII but for `origin`). Cells may share bytes: `lsn` is
 * best a part of `sequence`. A cell a connector has nothing for is NULL.
 */
export const META = {
  /** Epoch microseconds: commit of the transaction, or the snapshot's start. Never NULL. */
  sourceUs: 0,
  /** `true`, `first`, `last`, `first_in_data_collection`, `last_in_data_collection`, `incremental`; read in snapshot rows only. */
  snapshot: 1,
  /** `["<last commit LSN or null>","<LSN>"]`, decimal; null without quotes. */
  sequence: 2,
  txId: 3,
  /** LSN, decimal. */
  lsn: 4,
  xmin: 5,
  /** Name of the replication origin, UTF-8. */
  origin: 6,
  /** LSN at the origin, decimal. */
  originLsn: 7,
  /** Epoch microseconds: when the connector made the record. Never NULL. */
  eventUs: 8,
  /** `<xid>:<LSN>`; NULL: no transaction block. */
  transactionId: 9,
  totalOrder: 10,
  collectionOrder: 11,
} as const;

export const META_CELLS = 12;

const SOURCE = structOf(
  [
    ...SOURCE_HEAD,
    field('schema', STRING),
    field('table', STRING),
    field('txId', OPTIONAL_INT64),
    field('lsn', OPTIONAL_INT64),
    field('xmin', OPTIONAL_INT64),
    field('origin', OPTIONAL_STRING),
    field('origin_lsn', OPTIONAL_INT64),
  ],
  { name: 'io.debezium.connector.postgresql.Source', version: 1 },
);

interface SourceIdentity {
  readonly version: string;
  /** `topic.prefix` */
  readonly name: string;
  readonly database: string;
}

/** The envelope's parts for a Postgres connector. */
export function postgresEnvelope(identity: SourceIdentity, transactionMetadata: boolean): EnvelopeParts {
  return {
    source: (schema, table) => sourceBlocks(META.snapshot, (snapshot) => sourceNode(identity, schema, table, snapshot)),
    transaction: transactionNode(transactionMetadata ? META : undefined),
    eventUs: META.eventUs,
  };
}

function sourceNode(identity: SourceIdentity, schema: string, table: string, snapshot: LayoutNode): LayoutNode {
  const head = {
    version: identity.version,
    connector: 'postgresql',
    name: identity.name,
    database: identity.database,
    sourceUs: META.sourceUs,
    sequence: cellNode(META.sequence, OPTIONAL_STRING, text),
  };
  return {
    kind: 'struct',
    schema: SOURCE,
    fields: [
      ...sourceHead(head, snapshot),
      textNode(schema),
      textNode(table),
      cellNode(META.txId, OPTIONAL_INT64, digits),
      cellNode(META.lsn, OPTIONAL_INT64, digits),
      cellNode(META.xmin, OPTIONAL_INT64, digits),
      cellNode(META.origin, OPTIONAL_STRING, text),
      cellNode(META.originLsn, OPTIONAL_INT64, digits),
    ],
  };
}
