import type { LayoutNode, RowLayout } from '../../record/row-layout.ts';
import { struct, type Value } from '../../record/value.ts';
import { isAlwaysNull, NeedsValues } from '../layout-node.ts';
import type { TransformRecord } from '../transform-record.ts';

/** What conditions and names look at in a record. */
export type Parts = Pick<
  TransformRecord,
  'topic' | 'partition' | 'timestampMs' | 'offset' | 'headers' | 'key' | 'value'
>;

/** The record that all rows of a layout are, as far as they are the same: to look at the rest throws `NeedsValues`. */
export function layoutRecord(layout: RowLayout): Parts {
  return {
    topic: layout.topic,
    partition: layout.partition,
    get timestampMs(): never {
      throw new NeedsValues();
    },
    offset: undefined,
    headers: layout.headers.map(({ key, node }) => ({
      key,
      schema: node.schema,
      get value() {
        return constantOf(node);
      },
    })),
    get key() {
      return constantOf(layout.key);
    },
    get value() {
      return constantOf(layout.value);
    },
  };
}

function constantOf(node: LayoutNode | null): Value {
  if (node === null || node.kind === 'constant') return node?.value ?? null;
  if (node.kind === 'cell' || isAlwaysNull(node)) throw new NeedsValues();
  const seen = struct();
  for (const [i, { name }] of (node.schema.fields ?? []).entries()) {
    Object.defineProperty(seen, name, { get: () => constantOf(node.fields[i] ?? null) });
  }
  return seen;
}
