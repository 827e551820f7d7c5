import type { HeaderConverter } from '../../convert/converter.ts';
import { writeHeaderCount, writeHeaderKey } from '../../hub/batch/record-headers.ts';
import { ByteWriter } from '../../record/byte-writer.ts';
import type { RawHeader } from '../../record/record.ts';
import type { RowBlock } from '../../record/row-block.ts';
import type { LayoutNode, RowLayout } from '../../record/row-layout.ts';

/** Writes the headers of a row in record form: their count, then each. */
export interface HeaderPlan {
  /** The whole, where it is the same for every row of the layout. */
  readonly constant: Uint8Array | null;
  write(block: RowBlock, row: number, writer: ByteWriter): void;
}

/**
 * Compiles a layout's headers, with those in `extra` after them. Constant ones are encoded once; a
 * layout that has only such costs a copy per row.
 */
export function compileHeaders(layout: RowLayout, converter: HeaderConverter, extra: readonly RawHeader[]): HeaderPlan {
  const parts = [
    ...layout.headers.map(({ key, node }) => headerPart(layout.topic, key, node, converter)),
    ...extra.map((header) => constantPart(header)),
  ];
  const write = (block: RowBlock, row: number, writer: ByteWriter): void => {
    writeHeaderCount(writer, parts.length);
    for (const part of parts) part.write(block, row, writer);
  };
  if (!parts.every((part) => part.constant)) return { constant: null, write };
  const whole = new ByteWriter(256);
  writeHeaderCount(whole, parts.length);
  for (const part of parts) part.write(undefined, 0, whole);
  return { constant: Buffer.from(whole.view()), write };
}

interface Part {
  readonly constant: boolean;
  write(block: RowBlock | undefined, row: number, writer: ByteWriter): void;
}

function headerPart(topic: string, key: string, node: LayoutNode, converter: HeaderConverter): Part {
  const { schema } = node;
  if (node.kind === 'constant') {
    return constantPart({ key, value: converter.encode(topic, { key, schema, value: node.value }) });
  }
  return {
    constant: false,
    write: (block, row, writer) => {
      const value = block?.value(row, node) ?? null;
      const bytes = converter.encode(topic, { key, schema, value });
      writeHeader(writer, key, bytes);
    },
  };
}

function constantPart(header: RawHeader): Part {
  const whole = new ByteWriter(64);
  writeHeader(whole, header.key, header.value);
  const bytes = Buffer.from(whole.view());
  return { constant: true, write: (_block, _row, writer) => writer.copy(bytes, 0, bytes.length) };
}

function writeHeader(writer: ByteWriter, key: string, value: Uint8Array | null): void {
  writeHeaderKey(writer, key);
  writeHeaderCount(writer, value === null ? -1 : value.length);
  if (value !== null) writer.copy(value, 0, value.length);
}
