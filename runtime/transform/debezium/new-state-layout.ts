import type { LayoutNode, RowLayout } from '../../record/row-layout.ts';
import { OPTIONAL_STRING, STRING } from '../../record/schema-builder.ts';
import { childOf, isAlwaysNull, NeedsValues, nullOf, retyped, structNode, type StructNode } from '../layout-node.ts';
import { eventNode } from './envelope.ts';
import type { NewStatePlans, NewStateSettings } from './new-state-plans.ts';

/**
 * ExtractNewRecordState of all rows of a layout: change layouts have their operation, and whether
 * there is a row before or after, in common.
 */
export function newStateLayout(layout: RowLayout, settings: NewStateSettings, plans: NewStatePlans): RowLayout | null {
  const event = eventNode(layout);
  if (isAlwaysNull(layout.value)) return tombstone(layout, settings);
  if (event === null) return layout;
  const before = childOf(event, 'before');
  const after = childOf(event, 'after');
  if (before === undefined || after === undefined) throw new NeedsValues();
  const marked = { ...layout, headers: [...layout.headers, ...addedHeaders(event, settings)] };
  // What a header lists, and a topic that a column names, differ from row to row.
  settings.dropper.requireNoHeader(marked);
  const row = structNode(after);
  if (row !== null) return withRow(marked, event, row, 'false', settings, plans);
  const old = structNode(before);
  if (old === null || settings.mode === 'drop') return null;
  if (plans.rewrites) return withRow(marked, event, old, 'true', settings, plans);
  if (settings.routeBy !== null) throw new NeedsValues();
  return { ...marked, value: settings.mode === 'tombstone' ? nullOf(after.schema) : null };
}

function tombstone(layout: RowLayout, { mode, headers }: NewStateSettings): RowLayout | null {
  if (mode !== 'rewrite-with-tombstone') return null;
  const ops = headers.filter(({ field }) => field === 'op');
  const node: LayoutNode = { kind: 'constant', schema: STRING, value: 'd' };
  return { ...layout, headers: [...layout.headers, ...ops.map(({ newName }) => ({ key: newName, node }))] };
}

function addedHeaders(event: StructNode, { headers }: NewStateSettings): RowLayout['headers'] {
  return headers.flatMap((reference) => {
    const own = reference.schema(event.schema);
    return own === undefined ? [] : [{ key: reference.newName, node: reference.node(event, own) }];
  });
}

function withRow(
  layout: RowLayout,
  event: StructNode,
  row: StructNode,
  deleted: string,
  { routeBy, fields }: NewStateSettings,
  plans: NewStatePlans,
): RowLayout {
  if (routeBy !== null) throw new NeedsValues();
  const mark: LayoutNode = { kind: 'constant', schema: OPTIONAL_STRING, value: deleted };
  const marked = plans.rewrites ? plans.deleted.of(row.schema).node(row, [mark]) : row;
  const plan = plans.added.of(event.schema).of(marked.schema);
  if (fields.length === 0) return { ...layout, value: retyped(marked, plan.schema) };
  const nodes = fields.map((reference): LayoutNode => {
    const own = reference.schema(event.schema);
    return own === undefined ? nullOf(OPTIONAL_STRING) : reference.node(event, own);
  });
  return { ...layout, value: plan.node(marked, nodes) };
}
