import { cellNode, constantNode, textNode } from '../record/layout-nodes.ts';
import type { LayoutNode } from '../record/row-layout.ts';
import { field, INT64, OPTIONAL_INT64, OPTIONAL_STRING, STRING } from '../record/schema-builder.ts';
import type { Field } from '../record/schema.ts';
import { SNAPSHOT } from './envelope.ts';
import { digits, millisOfMicros, nanosOfMicros, text } from './meta-codecs.ts';

/** The fields that begin the `source` block of every database, in order. */
export const SOURCE_HEAD: readonly Field[] = [
  field('version', STRING),
  field('connector', STRING),
  field('name', STRING),
  field('ts_ms', INT64),
  field('snapshot', SNAPSHOT),
  field('db', STRING),
  field('sequence', OPTIONAL_STRING),
  field('ts_us', OPTIONAL_INT64),
  field('ts_ns', OPTIONAL_INT64),
];

export interface SourceHead {
  readonly version: string;
  /** As Debezium calls it: `postgresql`, `mysql`, … */
  readonly connector: string;
  /** `topic.prefix` */
  readonly name: string;
  readonly database: string;
  /** Meta cell of the time the change was made: digits of epoch microseconds. */
  readonly sourceUs: number;
  readonly sequence: LayoutNode;
}

/** The nodes of {@link SOURCE_HEAD}. */
export function sourceHead(of: SourceHead, snapshot: LayoutNode): readonly LayoutNode[] {
  return [
    textNode(of.version),
    textNode(of.connector),
    textNode(of.name),
    cellNode(of.sourceUs, INT64, millisOfMicros),
    snapshot,
    textNode(of.database),
    of.sequence,
    cellNode(of.sourceUs, OPTIONAL_INT64, digits),
    cellNode(of.sourceUs, OPTIONAL_INT64, nanosOfMicros),
  ];
}

/** The blocks of snapshot records, whose marks stand in a meta cell, and of the others. */
export function sourceBlocks(snapshotCell: number, block: (snapshot: LayoutNode) => LayoutNode) {
  return { read: block(cellNode(snapshotCell, SNAPSHOT, text)), stream: block(constantNode(SNAPSHOT, 'false')) };
}
