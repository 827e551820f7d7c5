import type { Datum } from '../../record/record.ts';
import { NO_TIMESTAMP, type RowBlock } from '../../record/row-block.ts';
import type { LayoutNode } from '../../record/row-layout.ts';
import { keptRow } from './kept-row.ts';
import type { FailedRecord } from './source-rejects.ts';
import { encodable, fromRow } from './chain-record.ts';

/**
 * A row that cannot be encoded, for its dead letter: as a record where its cells can be decoded, else the
 * raw cells beside what is known of the record.
 */
export function failedRow(block: RowBlock, row: number): Pick<FailedRecord, 'record' | 'kept'> {
  const layout = block.layout(row);
  try {
    return { record: encodable(fromRow(block, row, layout)) };
  } catch {
    // Its error is the one that brought us here, or of another column of the same row.
    return undecodedRow(block, row);
  }
}

/** The same of a row that is known to be undecodable. */
export function undecodedRow(block: RowBlock, row: number): Required<Pick<FailedRecord, 'record' | 'kept'>> {
  const layout = block.layout(row);
  const time = block.timestampMs[row] ?? NO_TIMESTAMP;
  const record = {
    topic: layout.topic,
    partition: layout.partition,
    key: keyOf(block, row, layout.key),
    value: null,
    headers: [],
    ...(time === NO_TIMESTAMP ? {} : { timestampMs: time }),
  };
  return { record, kept: { form: 'cells', bytes: keptRow(block, row, layout) } };
}

function keyOf(block: RowBlock, row: number, node: LayoutNode | null): Datum | null {
  if (node === null) return null;
  try {
    return { schema: node.schema, value: block.value(row, node) };
  } catch {
    return null;
  }
}
