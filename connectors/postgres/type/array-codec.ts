import { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import type { CellCodec, CellJsonWriter } from '../../../runtime/record/cell-codec.ts';
import { arrayOf, optional } from '../../../runtime/record/schema-builder.ts';
import type { Schema, SchemaType } from '../../../runtime/record/schema.ts';
import type { Value } from '../../../runtime/record/value.ts';
import { readArray, type ArrayVisitor } from './array-reader.ts';
import type { CellFormat } from './codec.ts';
import type { TypeOptions } from './options.ts';

const COMMA = 0x2c;
const NUMBERS: ReadonlySet<SchemaType> = new Set(['int16', 'int32', 'float', 'double']);

/** Arrays of a codec's items with as many dimensions as declared, nested. */
export function arrayCodec(item: CellCodec, depth: number, format: CellFormat, options: TypeOptions): CellCodec {
  let schema: Schema = arrayOf(optional(item.schema));
  for (let level = 1; level < depth; level++) schema = arrayOf(optional(schema));
  const unavailable = unavailableArray(item, depth, options);
  return {
    schema,
    json: (jsonOptions) => {
      const visitor = new JsonArray(item.json(jsonOptions));
      return (bytes, at, length, writer) => {
        visitor.begin(writer);
        readArray(format, bytes, at, length, depth, visitor);
      };
    },
    value: (bytes, at, length) => {
      const visitor = new ValueArray(item);
      readArray(format, bytes, at, length, depth, visitor);
      return visitor.top;
    },
    ...(unavailable === undefined ? {} : { unavailable }),
  };
}

class JsonArray implements ArrayVisitor {
  readonly #item: CellJsonWriter;
  #writer = new ByteWriter(0);
  /** Whether something stands before what comes next. */
  #behind = false;

  constructor(item: CellJsonWriter) {
    this.#item = item;
  }

  begin(writer: ByteWriter): void {
    this.#writer = writer;
    this.#behind = false;
  }

  open(): void {
    if (this.#behind) this.#writer.byte(COMMA);
    this.#behind = false;
    this.#writer.byte(0x5b);
  }

  close(): void {
    this.#writer.byte(0x5d);
    this.#behind = true;
  }

  item(bytes: Buffer, at: number, length: number): void {
    if (this.#behind) this.#writer.byte(COMMA);
    this.#behind = true;
    if (length < 0) this.#writer.ascii('null');
    else this.#item(bytes, at, length, this.#writer);
  }
}

class ValueArray implements ArrayVisitor {
  top: Value[] = [];
  readonly #item: CellCodec;
  readonly #open: Value[][] = [];

  constructor(item: CellCodec) {
    this.#item = item;
  }

  open(): void {
    const made: Value[] = [];
    this.#open.at(-1)?.push(made);
    this.#open.push(made);
  }

  close(): void {
    const done = this.#open.pop();
    if (this.#open.length === 0 && done !== undefined) this.top = done;
  }

  item(bytes: Buffer, at: number, length: number): void {
    this.#open.at(-1)?.push(length < 0 ? null : this.#item.value(bytes, at, length));
  }
}

/**
 * One placeholder item where the item has one of its own; of numbers, the placeholder's bytes.
 */
function unavailableArray(item: CellCodec, depth: number, options: TypeOptions): Value[] | undefined {
  const { type } = item.schema;
  const bytes = Buffer.from(options.unavailable, 'utf8');
  let items: Value[];
  if (item.unavailable !== undefined) items = [item.unavailable];
  else if (type === 'int64') items = [...bytes].map(BigInt);
  else if (type === 'string') items = [options.unavailable];
  else if (NUMBERS.has(type)) items = [...bytes];
  else return undefined;
  for (let level = 1; level < depth; level++) items = [items];
  return items;
}
