import type { Converter, RowPlan } from '../../convert/converter.ts';
import { murmur2Partition } from '../../hub/partitioner.ts';
import { ByteWriter } from '../../record/byte-writer.ts';
import { NO_TIMESTAMP, type RowBlock } from '../../record/row-block.ts';
import type { LayoutNode, RowLayout } from '../../record/row-layout.ts';
import type { Schema } from '../../record/schema.ts';
import type { TaskConverters } from '../task-converters.ts';
import { compileHeaders, type HeaderPlan } from './layout-headers.ts';
import type { SchemaHeaders } from './schema-headers.ts';
import type { SourceOutput, TopicOutput } from './source-output.ts';
import { converterAt, type Failures } from './record-encoder.ts';
import { failedRow } from './failed-row.ts';
import { unencodable } from './unencodable.ts';

interface CompiledLayout {
  readonly topic: TopicOutput;
  readonly partition: number | undefined;
  readonly key: RowPlan | null;
  readonly value: RowPlan | null;
  readonly headers: HeaderPlan;
}

/**
 * Rows to records, without an object per row or cell (D14): the compiled plans write key and value
 * side by side into one scratch buffer, the key is hashed there, and the bytes are copied into the
 * batch of their topic partition.
 */
export class RowEncoder {
  readonly #converters: TaskConverters;
  readonly #schemas: SchemaHeaders;
  readonly #output: SourceOutput;
  readonly #compiled = new WeakMap<RowLayout, CompiledLayout>();
  readonly #scratch = new ByteWriter(64 * 1024);
  readonly #headers = new ByteWriter(256);
  #current: CompiledLayout[] = [];
  /** The row being encoded. */
  #row = 0;
  /** Its key is written. */
  #inValue = false;
  #total = 0;

  constructor(converters: TaskConverters, schemas: SchemaHeaders, output: SourceOutput) {
    this.#converters = converters;
    this.#schemas = schemas;
    this.#output = output;
  }

  /** Compiles the layouts of the block; waits only for topics and schemas not seen before. */
  prepare(block: RowBlock): Promise<void> | undefined {
    const compiled: CompiledLayout[] = [];
    for (const layout of block.layouts) {
      const known = this.#compiled.get(layout);
      if (known === undefined) return this.#compileAll(block);
      compiled.push(known);
    }
    this.#current = compiled;
    return undefined;
  }

  /**
   * Encodes all rows, in order; one that cannot be is given to `failures`. `prepare` must have finished
   * for this very block. Returns bytes of keys and values.
   */
  encode(block: RowBlock, nowMs: number, failures: Failures): number {
    this.#row = 0;
    this.#total = 0;
    while (this.#row < block.count) {
      try {
        this.#encode(block, nowMs);
      } catch (error) {
        const stage = this.#inValue ? 'VALUE_CONVERTER' : 'KEY_CONVERTER';
        const failure = unencodable(block.layout(this.#row).topic, error);
        failures.failed({ stage, className: converterAt(stage), error: failure, ...failedRow(block, this.#row) });
        this.#row++;
      }
    }
    return this.#total;
  }

  /** From the row at hand to the last. */
  #encode(block: RowBlock, nowMs: number): void {
    const { count, layoutOf, timestampMs } = block;
    const scratch = this.#scratch;
    for (let row = this.#row; row < count; this.#row = ++row) {
      const layout = this.#current[layoutOf[row] as number] as CompiledLayout;
      scratch.reset();
      this.#inValue = false;
      const keyLength = layout.key !== null && layout.key.write(block, row, scratch) ? scratch.length : -1;
      const valueAt = keyLength < 0 ? 0 : keyLength;
      scratch.length = valueAt;
      this.#inValue = true;
      const hasValue = layout.value !== null && layout.value.write(block, row, scratch);
      const valueLength = hasValue ? scratch.length - valueAt : -1;
      const time = timestampMs[row] as number;
      const bytes = this.#add(
        layout,
        block,
        row,
        time === NO_TIMESTAMP ? nowMs : time,
        keyLength,
        valueAt,
        valueLength,
      );
      this.#total += bytes;
    }
  }

  #add(
    layout: CompiledLayout,
    block: RowBlock,
    row: number,
    timeMs: number,
    keyLength: number,
    valueAt: number,
    valueLength: number,
  ): number {
    const { bytes } = this.#scratch;
    const { topic, headers } = layout;
    let headerBytes = headers.constant;
    let headersLength = headerBytes === null ? 0 : headerBytes.length;
    if (headerBytes === null) {
      this.#headers.reset();
      headers.write(block, row, this.#headers);
      headerBytes = this.#headers.bytes;
      headersLength = this.#headers.length;
    }
    const partition =
      layout.partition ?? (keyLength < 0 ? topic.keyless : murmur2Partition(bytes, topic.partitions, 0, keyLength));
    const builder = this.#output.builder(topic, partition);
    builder.addBytes(timeMs, bytes, 0, keyLength, bytes, valueAt, valueLength, headerBytes, 0, headersLength);
    const size = (keyLength < 0 ? 0 : keyLength) + (valueLength < 0 ? 0 : valueLength);
    this.#output.added(topic, partition, builder, size + headersLength);
    return size;
  }

  async #compileAll(block: RowBlock): Promise<void> {
    const missing = new Set<Schema>();
    for (const { key, value } of block.layouts) this.#schemas.collect(schemaOf(key), schemaOf(value), missing);
    // A schema is durable before the first batch that names it.
    await this.#schemas.ensure(missing);
    const compiled: CompiledLayout[] = [];
    for (const layout of block.layouts) compiled.push(this.#compiled.get(layout) ?? (await this.#compile(layout)));
    this.#current = compiled;
  }

  async #compile(layout: RowLayout): Promise<CompiledLayout> {
    const { key, value, header } = this.#converters;
    const named = this.#schemas.header(schemaOf(layout.key), schemaOf(layout.value));
    const compiled: CompiledLayout = {
      topic: await this.#output.open(layout.topic),
      partition: layout.partition,
      key: layout.key === null ? null : rowPlan(key, layout, layout.key),
      value: layout.value === null ? null : rowPlan(value, layout, layout.value),
      headers: compileHeaders(layout, header, named === undefined ? [] : [named]),
    };
    this.#compiled.set(layout, compiled);
    return compiled;
  }
}

function schemaOf(node: LayoutNode | null): Schema | null {
  return node === null ? null : node.schema;
}

/** The converter's own plan, or one that goes through values. */
function rowPlan(converter: Converter, layout: RowLayout, node: LayoutNode): RowPlan {
  return converter.plan?.(layout, node) ?? planByValues(converter, layout.topic, node);
}

function planByValues(converter: Converter, topic: string, node: LayoutNode): RowPlan {
  return {
    write: (block, row, writer) => {
      const bytes = converter.encode(topic, { schema: node.schema, value: block.value(row, node) });
      if (bytes === null) return false;
      writer.copy(bytes, 0, bytes.length);
      return true;
    },
  };
}
