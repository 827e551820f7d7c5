import { MillraceError } from '../../record/error.ts';
import type { JsonObject, JsonValue } from '../../record/record.ts';
import { NULL_CELL, RowBlock, UNCHANGED_CELL } from '../../record/row-block.ts';
import type { LayoutNode, RowLayout } from '../../record/row-layout.ts';

/**
 * A row whose cells could not be decoded, as its dead letter keeps it:
 *
 *     { "cells": [ cell, … ], "origin": what RowLayout.origin told, or null }
 *     cell = null | "text" | { "base64": "…" } | { "unchanged": true } | { "hidden": true }
 *
 * Text is a cell whose bytes are UTF-8. Hidden is one that no record shows, or not whole: a column that
 * is left out, masked, hashed or cut is not kept in a dead letter either.
 */
interface KeptRow {
  readonly cells: readonly JsonValue[];
  readonly origin: JsonObject | null;
}

export function keptRow(block: RowBlock, row: number, layout: RowLayout): Buffer {
  const { cells: count, origin, ...read } = layout.from ?? layout;
  const shown = shownCells(read);
  const first = block.firstCell[row] ?? 0;
  const cells = Array.from({ length: count }, (_, i) => cellOf(block, first + i, shown.get(i) === true));
  const kept: KeptRow = { cells, origin: origin?.() ?? null };
  return Buffer.from(JSON.stringify(kept));
}

/** Where the row came from; null: its source did not say. Throws where the bytes are no kept row. */
export function originOf(bytes: Uint8Array): JsonObject | null {
  return parsed(bytes).origin;
}

/** The row again, in a block of its own, under a layout of its cells. */
export function rowOf(bytes: Uint8Array, layout: RowLayout, timestampMs: number): RowBlock {
  const kept = parsed(bytes).cells;
  if (kept.length !== layout.cells) throw unreadable(`${kept.length} cells, not ${layout.cells}`);
  // A column that was not kept must not come back as null (I6).
  for (const cell of shownCells(layout).keys()) if (isHidden(kept[cell] ?? null)) throw hidden();
  const cells = kept.map(bytesOf);
  const block = new RowBlock(Buffer.concat(cells.filter((cell) => typeof cell !== 'number')), 1, layout.cells + 1);
  block.begin(layout, timestampMs);
  let at = 0;
  for (const cell of cells) {
    block.cell(at, typeof cell === 'number' ? cell : cell.length);
    if (typeof cell !== 'number') at += cell.length;
  }
  return block;
}

type Shown = Pick<RowLayout, 'key' | 'value' | 'headers'>;

/** The cells that a record is made of, and whether it shows all of their bytes. */
function shownCells({ key, value, headers }: Shown): ReadonlyMap<number, boolean> {
  const shown = new Map<number, boolean>();
  const visit = (node: LayoutNode): void => {
    if (node.kind === 'cell') shown.set(node.cell, shown.get(node.cell) === true || node.codec.hides !== true);
    if (node.kind !== 'struct') return;
    if (node.presentIf !== undefined && !shown.has(node.presentIf)) shown.set(node.presentIf, true);
    node.fields.forEach(visit);
  };
  for (const node of [key, value, ...headers.map((header) => header.node)]) if (node !== null) visit(node);
  return shown;
}

function cellOf({ arena, cells }: RowBlock, cell: number, isShown: boolean): JsonValue {
  const at = cells[cell * 2] ?? 0;
  const length = cells[cell * 2 + 1] ?? NULL_CELL;
  if (length === UNCHANGED_CELL) return { unchanged: true };
  if (length < 0) return null;
  if (!isShown) return { hidden: true };
  const bytes = arena.subarray(at, at + length);
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? text : { base64: bytes.toString('base64') };
}

/** Bytes of a cell, or the length that stands for none. */
function bytesOf(cell: JsonValue): Buffer | number {
  if (cell === null) return NULL_CELL;
  if (typeof cell === 'string') return Buffer.from(cell);
  if (typeof cell === 'object' && 'base64' in cell && typeof cell.base64 === 'string') {
    return Buffer.from(cell.base64, 'base64');
  }
  if (typeof cell === 'object' && 'unchanged' in cell) return UNCHANGED_CELL;
  if (isHidden(cell)) return NULL_CELL;
  throw unreadable(`a cell is ${JSON.stringify(cell)}`);
}

function isHidden(cell: JsonValue): boolean {
  return typeof cell === 'object' && cell !== null && 'hidden' in cell;
}

function parsed(bytes: Uint8Array): KeptRow {
  let kept: KeptRow;
  try {
    kept = JSON.parse(Buffer.from(bytes).toString()) as KeptRow;
  } catch (cause) {
    throw unreadable('it is not JSON', cause);
  }
  if (!Array.isArray(kept.cells)) throw unreadable('it has no cells');
  return kept;
}

function hidden(): MillraceError {
  const message = 'a column that the configuration shows was hidden when the row was put aside, and was not kept';
  return new MillraceError('DEADLETTERS_COLUMN_HIDDEN', message, {
    kind: 'data',
    remedy:
      'Hide the column while the dead letter is redriven, or snapshot the table anew and discard the dead letter.',
  });
}

function unreadable(what: string, cause?: unknown): MillraceError {
  return new MillraceError('DEADLETTERS_ROW_UNREADABLE', `the dead letter holds no row: ${what}`, {
    kind: 'data',
    ...(cause === undefined ? {} : { cause }),
  });
}
