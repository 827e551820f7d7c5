import { SNAPSHOT, transactionNode, type EnvelopeParts } from '../../../runtime/change/envelope.ts';
import { digits, millisOfMicros, nanosOfMicros, text } from '../../../runtime/change/meta-codecs.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import type { LayoutNode } from '../../../runtime/record/row-layout.ts';
import { INT64, OPTIONAL_INT64, OPTIONAL_STRING, STRING } from '../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../runtime/record/schema.ts';

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

const SOURCE: Schema = {
  type: 'struct',
  optional: false,
  name: 'io.debezium.connector.postgresql.Source',
  version: 1,
  fields: [
    { name: 'version', schema: STRING },
    { name: 'connector', schema: STRING },
    { name: 'name', schema: STRING },
    { name: 'ts_ms', schema: INT64 },
    { name: 'snapshot', schema: SNAPSHOT },
    { name: 'db', schema: STRING },
    { name: 'sequence', schema: OPTIONAL_STRING },
    { name: 'ts_us', schema: OPTIONAL_INT64 },
    { name: 'ts_ns', schema: OPTIONAL_INT64 },
    { name: 'schema', schema: STRING },
    { name: 'table', schema: STRING },
    { name: 'txId', schema: OPTIONAL_INT64 },
    { name: 'lsn', schema: OPTIONAL_INT64 },
    { name: 'xmin', schema: OPTIONAL_INT64 },
    { name: 'origin', schema: OPTIONAL_STRING },
    { name: 'origin_lsn', schema: OPTIONAL_INT64 },
  ],
};

interface SourceIdentity {
  readonly version: string;
  /** `topic.prefix` */
  readonly name: string;
  readonly database: string;
}

/** The envelope's parts for a Postgres connector. */
export function postgresEnvelope(identity: SourceIdentity, transactionMetadata: boolean): EnvelopeParts {
  return {
    source: (schema, table) => ({
      read: sourceNode(identity, schema, table, cell(META.snapshot, SNAPSHOT, text)),
      stream: sourceNode(identity, schema, table, { kind: 'constant', schema: SNAPSHOT, value: 'false' }),
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

function sourceNode(identity: SourceIdentity, schema: string, table: string, snapshot: LayoutNode): LayoutNode {
  return {
    kind: 'struct',
    schema: SOURCE,
    fields: [
      fixed(identity.version),
      fixed('postgresql'),
      fixed(identity.name),
      cell(META.sourceUs, INT64, millisOfMicros),
      snapshot,
      fixed(identity.database),
      cell(META.sequence, OPTIONAL_STRING, text),
      cell(META.sourceUs, OPTIONAL_INT64, digits),
      cell(META.sourceUs, OPTIONAL_INT64, nanosOfMicros),
      fixed(schema),
      fixed(table),
      cell(META.txId, OPTIONAL_INT64, digits),
      cell(META.lsn, OPTIONAL_INT64, digits),
      cell(META.xmin, OPTIONAL_INT64, digits),
      cell(META.origin, OPTIONAL_STRING, text),
      cell(META.originLsn, OPTIONAL_INT64, digits),
    ],
  };
}

function fixed(value: string): LayoutNode {
  return { kind: 'constant', schema: STRING, value };
}

function cell(index: number, schema: Schema, codec: CellCodec): LayoutNode {
  return { kind: 'cell', cell: index, schema, codec };
}
