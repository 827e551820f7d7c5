import { describe, expect, test } from 'vitest';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { NO_TIMESTAMP, NULL_CELL, RowBlock } from '../../../runtime/record/row-block.ts';
import type { LayoutNode, RowLayout } from '../../../runtime/record/row-layout.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import type { Value } from '../../../runtime/record/value.ts';
import { writeJson } from '../../../runtime/record/value-json.ts';
import { RowRouting } from '../../../runtime/task/source/row-routing.ts';
import { fromRow } from '../../../runtime/task/source/chain-record.ts';
import { createChain, type TransformChain } from '../../../runtime/transform/chain.ts';
import { isStruct } from '../../../runtime/transform/java-class.ts';
import type { TransformRecord } from '../../../runtime/transform/transform-record.ts';
import { debeziumCases } from '../../generate/transform-fixtures/debezium-cases.ts';
import { kafkaCases } from '../../generate/transform-fixtures/kafka-cases.ts';
import { fromJson, recordedCases, toJson, type Recorded } from './replay.ts';

/** The cases of Kafka's and Debezium's classes, as rows: what the chain says of a layout is what it does to its values. */
describe('transforms answer the same for rows', () => {
  const cases = [
    ...recordedCases('kafka.jsonl', kafkaCases()),
    ...recordedCases('debezium.jsonl', debeziumCases()),
  ].filter(({ error }) => error === null);

  test.each([...Map.groupBy(cases, ({ className }) => className)])('%s', (_className, ones) => {
    for (const one of ones) {
      const chain = chainOf(one);
      if (chain === null) continue;
      for (const record of one.records) {
        const block = blockOf(fromJson(record, false));
        const made = block === null ? null : new RowRouting(chain).apply(block);
        if (made === null) continue;
        const out: TransformRecord[] = [];
        chain.apply(fromJson(record, false), out);
        const rows = made.count === 0 ? [] : [fromRow(made, 0, made.layout(0))];
        expect(rows.map(settled).map(toJson), one.name).toEqual(out.map(settled).map(toJson));
      }
    }
  });

  test('and of the cases a layout can tell, more than three in ten need no values', () => {
    const ofClass = (name: string): number => {
      const ones = cases.filter(({ className }) => className.endsWith(name));
      const blocks = ones.flatMap((one) =>
        one.records.flatMap((record) => {
          const block = blockOf(fromJson(record, false));
          const chain = chainOf(one);
          return block === null || chain === null || block.count === 0 ? [] : [new RowRouting(chain).apply(block)];
        }),
      );
      return blocks.filter((block) => block !== null).length / blocks.length;
    };
    for (const name of ['.ReplaceField$Value', '.InsertField$Value', '.ExtractNewRecordState', '.Flatten$Value']) {
      expect([name, ofClass(name) > 0.3]).toEqual([name, true]);
    }
  });
});

function chainOf({ className, config }: Recorded): TransformChain | null {
  const own = Object.entries(config).map(([key, value]) => [`transforms.t.${key}`, value]);
  try {
    return createChain({ transforms: 't', 'transforms.t.type': className, ...Object.fromEntries(own) });
  } catch (error) {
    if (error instanceof MillraceError && error.kind === 'config') return null;
    throw error;
  }
}

/** Lays a record out as one row: structs by field, everything else in cells. null: it has parts without schema. */
function blockOf(record: TransformRecord): RowBlock | null {
  const cells: Value[] = [];
  const { keySchema, key, valueSchema, value } = record;
  const parts = [...record.headers, { schema: keySchema, value: key }, { schema: valueSchema, value }];
  if (parts.some(({ schema, value: own }) => schema === null && own !== null)) return null;
  const part = (schema: Schema | null, own: Value): LayoutNode | null =>
    schema === null ? null : nodeOf(schema, own, cells);
  const layout: RowLayout = {
    topic: record.topic,
    ...(record.partition === undefined ? {} : { partition: record.partition }),
    key: part(keySchema, key),
    value: part(valueSchema, value),
    headers: record.headers.flatMap(({ key: name, schema, value: own }) => {
      const node = part(schema, own);
      return node === null ? [] : [{ key: name, node }];
    }),
    cells: cells.length,
  };
  if (layout.headers.length < record.headers.length) return null;
  const block = new RowBlock(Buffer.alloc(1));
  block.begin(layout, record.timestampMs ?? NO_TIMESTAMP);
  for (const own of cells) block.cell(0, own === null ? NULL_CELL : 1);
  return block;
}

function nodeOf(schema: Schema, value: Value, cells: Value[]): LayoutNode {
  if (schema.type !== 'struct') {
    return { kind: 'cell', schema, cell: cells.push(value) - 1, codec: codecOf(schema, value) };
  }
  if (!isStruct(value)) return { kind: 'constant', schema, value };
  const fields = (schema.fields ?? []).map(({ name, schema: own }) => nodeOf(own, value[name] ?? null, cells));
  return { kind: 'struct', schema, fields };
}

/** Cells that hold one value, whatever their bytes. */
function codecOf(schema: Schema, value: Value): CellCodec {
  return {
    schema,
    json: (options) => (_bytes, _at, _length, writer) =>
      writeJson(writer, schema, value, { ...options, replaceNullWithDefault: false }),
    value: () => value,
  };
}

/** As the encoder takes it: a null has no schema. */
function settled(record: TransformRecord): TransformRecord {
  if (record.key === null) record.keySchema = null;
  if (record.value === null) record.valueSchema = null;
  return record;
}
