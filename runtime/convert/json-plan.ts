import { ByteWriter, literal, type Literal } from '../record/byte-writer.ts';
import type { CellJsonWriter } from '../record/cell-codec.ts';
import { MillraceError } from '../record/error.ts';
import { writeJsonString } from '../record/json-text.ts';
import { NULL_CELL, type RowBlock } from '../record/row-block.ts';
import type { LayoutNode } from '../record/row-layout.ts';
import type { Schema } from '../record/schema.ts';
import { writeJson, type ValueJsonOptions } from '../record/value-json.ts';
import type { Value } from '../record/value.ts';
import type { RowPlan } from './converter.ts';

/** A step writes its literal, then its cell; `cell` -1: nothing but the literal. */
interface Step {
  readonly literal: Literal;
  readonly cell: number;
  /** null: the step only tests whether the cell is NULL. */
  readonly write: CellJsonWriter | null;
  /** Written for a NULL cell; null: NULL is not allowed here. */
  readonly whenNull: Literal | null;
  readonly whenUnchanged: Literal | null;
  /** Where to go on after `whenNull`: behind the struct that is not there. */
  afterNull: number;
  /** Path of the field, for errors. */
  readonly field: string;
}

/**
 * Compiles a node to a flat list of steps: the literals between two cells are one, whatever nodes
 * they come from. Writing a row runs through it once and makes no object (D14).
 */
export function compileJsonPlan(
  node: LayoutNode,
  options: ValueJsonOptions,
  around: { readonly before: string; readonly after: string } = { before: '', after: '' },
): RowPlan {
  const compiler = new PlanCompiler(options);
  compiler.text(around.before);
  compiler.node(node, '');
  compiler.text(around.after);
  return new JsonPlan(compiler.finish());
}

class JsonPlan implements RowPlan {
  readonly #steps: readonly Step[];

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
  }

  write(block: RowBlock, row: number, writer: ByteWriter): boolean {
    const steps = this.#steps;
    const { cells, arena } = block;
    const first = block.firstCell[row] as number;
    const start = writer.length;
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i] as Step;
      const { literal, cell } = step;
      writer.literal(literal);
      if (cell < 0) continue;
      const slot = (first + cell) * 2;
      const length = cells[slot + 1] as number;
      if (length >= 0) {
        if (step.write !== null) step.write(arena, cells[slot] as number, length, writer);
        continue;
      }
      if (step.write === null && length !== NULL_CELL) continue;
      const text = length === NULL_CELL ? step.whenNull : step.whenUnchanged;
      if (text === null) {
        writer.length = start;
        throw nullNotAllowed(step.field);
      }
      writer.literal(text);
      i = length === NULL_CELL && step.write === null ? step.afterNull - 1 : i;
    }
    return true;
  }
}

class PlanCompiler {
  readonly #options: ValueJsonOptions;
  readonly #steps: Step[] = [];
  readonly #literal = new ByteWriter(256);

  constructor(options: ValueJsonOptions) {
    this.#options = options;
  }

  text(text: string): void {
    this.#literal.utf8(text);
  }

  node(node: LayoutNode, field: string): void {
    switch (node.kind) {
      case 'constant':
        writeJson(this.#literal, node.schema, node.value, this.#options);
        return;
      case 'cell': {
        const { cell, schema, codec } = node;
        const replaced = node.whenNull ?? null;
        const whenNull = replaced === null ? this.#whenNull(schema) : this.#rendered(schema, replaced);
        const { unavailable } = codec;
        const whenUnchanged = unavailable === undefined ? whenNull : this.#rendered(codec.schema, unavailable);
        this.#step({ cell, write: codec.json(this.#options), whenNull, whenUnchanged, field });
        return;
      }
      case 'struct': {
        const { schema, presentIf } = node;
        const whenNull = presentIf === undefined ? null : this.#whenNull(schema);
        const test =
          presentIf === undefined
            ? undefined
            : this.#step({ cell: presentIf, write: null, whenNull, whenUnchanged: null, field });
        this.#struct(node, field);
        if (test !== undefined) {
          this.#flush();
          test.afterNull = this.#steps.length;
        }
        return;
      }
    }
  }

  finish(): readonly Step[] {
    this.#flush();
    return this.#steps;
  }

  #struct(node: LayoutNode & { readonly kind: 'struct' }, field: string): void {
    let before = '{';
    for (const [index, { name }] of (node.schema.fields ?? []).entries()) {
      const part = node.fields[index];
      if (part === undefined) throw new RangeError(`layout: no node for field ${name}`);
      this.text(before);
      writeJsonString(this.#literal, name);
      this.text(':');
      this.node(part, field === '' ? name : `${field}.${name}`);
      before = ',';
    }
    this.text(before === '{' ? '{}' : '}');
  }

  #step(parts: Omit<Step, 'literal' | 'afterNull'>): Step {
    const step = { literal: this.#takeLiteral(), afterNull: 0, ...parts };
    this.#steps.push(step);
    return step;
  }

  /** Ends the literal here, so that a jump can lead behind it. */
  #flush(): void {
    if (this.#literal.length === 0) return;
    this.#step({ cell: -1, write: null, whenNull: null, whenUnchanged: null, field: '' });
  }

  #takeLiteral(): Literal {
    const taken = literal(this.#literal.view());
    this.#literal.reset();
    return taken;
  }

  /** What a NULL is written as; null: the schema allows none. */
  #whenNull(schema: Schema): Literal | null {
    const { defaultValue = null, optional } = schema;
    if (defaultValue !== null && this.#options.replaceNullWithDefault) return this.#rendered(schema, defaultValue);
    return optional ? literal(Buffer.from('null')) : null;
  }

  #rendered(schema: Schema, value: Value): Literal {
    const writer = new ByteWriter(64);
    writeJson(writer, schema, value, this.#options);
    return literal(writer.view());
  }
}

function nullNotAllowed(field: string): MillraceError {
  return new MillraceError('RECORD_VALUE', `field ${field}: null, but it is required and has no default`, {
    kind: 'data',
  });
}
