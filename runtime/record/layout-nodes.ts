import type { CellCodec } from './cell-codec.ts';
import type { LayoutNode } from './row-layout.ts';
import type { Schema } from './schema.ts';
import { STRING } from './schema-builder.ts';
import type { Value } from './value.ts';

export function cellNode(cell: number, schema: Schema, codec: CellCodec): LayoutNode {
  return { kind: 'cell', cell, schema, codec };
}

export function constantNode(schema: Schema, value: Value): LayoutNode {
  return { kind: 'constant', schema, value };
}

export function textNode(value: string): LayoutNode {
  return constantNode(STRING, value);
}
