import { digits, text } from '../../runtime/change/meta-codecs.ts';
import { field, INT32, INT64, STRING, structOf } from '../../runtime/record/schema-builder.ts';
import type { LayoutNode, RowLayout } from '../../runtime/record/row-layout.ts';
import { NO_TIMESTAMP, RowBlock } from '../../runtime/record/row-block.ts';
import { MadeUp } from './made-up.ts';
import type { GeneratorOptions } from './options.ts';

const SEQUENCE = 0;
const KEY = 1;
const TEXT = 2;
const CELLS = 3;
const PREFIX = Buffer.from('key-');
/** Most digits of a safe integer, twice, and the key's prefix. */
const ROW_BYTES = 2 * 16 + PREFIX.length;

/**
 * Fills row blocks. The arena holds the pool of letters, then per row the digits of its sequence
 * number and its key: a text is two numbers, and no byte of it is moved here (D14).
 */
export class RowMaker {
  readonly #made: MadeUp;
  readonly #layout: RowLayout;
  readonly #prefixed: boolean;
  readonly #rows: number;

  constructor(options: GeneratorOptions, task: number) {
    this.#made = new MadeUp(options, task);
    this.#layout = layoutOf(options, task);
    this.#prefixed = options['key.shape'] === 'string';
    this.#rows = options['batch.records'];
  }

  /** An empty block with room for so many rows; by default for a whole batch. */
  block(rows = this.#rows): RowBlock {
    const { pool } = this.#made;
    const arena = Buffer.allocUnsafeSlow(pool.length + rows * ROW_BYTES);
    pool.copy(arena);
    return new RowBlock(arena, rows, rows * CELLS);
  }

  /** Rows that a block of {@link block} has room for. */
  room(block: RowBlock): number {
    return Math.floor((block.arena.length - this.#made.pool.length) / ROW_BYTES);
  }

  /** Adds records `from` to `from + count` (not included) to an empty block of {@link block}. */
  fill(block: RowBlock, from: number, count: number): void {
    const { arena } = block;
    const made = this.#made;
    const layout = this.#layout;
    let at = made.pool.length;
    for (let n = from; n < from + count; n++) {
      const sequenceAt = at;
      at = writeDigits(arena, at, n);
      const sequenceLength = at - sequenceAt;
      const keyAt = at;
      if (this.#prefixed) for (let i = 0; i < PREFIX.length; i++) arena[at++] = PREFIX[i] as number;
      const digitsAt = at;
      at = writeDigits(arena, at, made.keyNumber(n));
      const length = made.textLength(sequenceLength, at - digitsAt);
      block.begin(layout, NO_TIMESTAMP);
      block.cell(sequenceAt, sequenceLength);
      block.cell(keyAt, at - keyAt);
      block.cell(made.textAt(n, length), length);
    }
  }
}

function writeDigits(bytes: Buffer, at: number, value: number): number {
  let end = at + 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) end++;
  let rest = value;
  for (let to = end - 1; to >= at; to--) {
    const next = Math.floor(rest / 10);
    bytes[to] = 48 + rest - next * 10;
    rest = next;
  }
  return end;
}

function layoutOf(
  { topic, 'key.shape': keyShape, 'value.shape': valueShape }: GeneratorOptions,
  task: number,
): RowLayout {
  const content: LayoutNode = { kind: 'cell', cell: TEXT, schema: STRING, codec: text };
  const key: LayoutNode | null =
    keyShape === 'none'
      ? null
      : keyShape === 'int'
        ? { kind: 'cell', cell: KEY, schema: INT64, codec: digits }
        : { kind: 'cell', cell: KEY, schema: STRING, codec: text };
  return {
    topic,
    key,
    value: valueShape === 'text' ? content : valueNode(task, key, content),
    headers: [],
    cells: CELLS,
  };
}

function valueNode(task: number, key: LayoutNode | null, content: LayoutNode): LayoutNode {
  const parts: readonly (readonly [string, LayoutNode])[] = [
    ['task', { kind: 'constant', schema: INT32, value: task }],
    ['sequence', { kind: 'cell', cell: SEQUENCE, schema: INT64, codec: digits }],
    ...(key === null ? [] : [['key', key] as const]),
    ['text', content],
  ];
  const schema = structOf(
    parts.map(([name, node]) => field(name, node.schema)),
    { name: 'millrace.generator.Value' },
  );
  return { kind: 'struct', schema, fields: parts.map(([, node]) => node) };
}
