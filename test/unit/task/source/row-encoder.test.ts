import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { realEnv } from '../../../../runtime/env/real.ts';
import { forEachRecord } from '../../../../runtime/hub/batch/record-cursor.ts';
import { murmur2Partition } from '../../../../runtime/hub/partitioner.ts';
import { NO_TIMESTAMP, RowBlock } from '../../../../runtime/record/row-block.ts';
import type { RowLayout } from '../../../../runtime/record/row-layout.ts';
import type { Schema } from '../../../../runtime/record/schema.ts';
import { RowEncoder } from '../../../../runtime/task/source/row-encoder.ts';
import { SchemaHeaders } from '../../../../runtime/task/source/schema-headers.ts';
import { SourceOutput, type SourceOutputOptions } from '../../../../runtime/task/source/source-output.ts';
import { taskConverters } from '../../../../runtime/task/task-converters.ts';
import { cell, textCodec } from '../../convert/sample-rows.ts';
import { memoryCatalog, partitionsOnly, stopping } from './encoder-parts.ts';

interface Sent {
  readonly topic: string;
  readonly partition: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly timestampMs: number;
  readonly headers: readonly string[];
}

function outputTo(partitions: number, batchBytes: number, send: SourceOutputOptions['send']): SourceOutput {
  return new SourceOutput({
    producer: partitionsOnly(partitions),
    compression: 'none',
    batchBytes,
    unsentBytes: 1e9,
    send,
  });
}

async function encode(block: RowBlock, partitions: number, worker: Record<string, string> = {}, batchBytes = 1e6) {
  const sent: Sent[] = [];
  const ensured: Schema[] = [];
  const batches: number[] = [];
  const output = outputTo(partitions, batchBytes, (topic, partition, batch, records) => {
    batches.push(records);
    forEachRecord(batch, (at) => {
      sent.push({
        topic,
        partition,
        key: at.key()?.toString() ?? null,
        value: at.value()?.toString() ?? null,
        timestampMs: at.timestampMs,
        headers: at.headers().map(({ key, value }) => `${key}=${Buffer.from(value ?? []).toString('latin1')}`),
      });
    });
  });
  const converters = taskConverters({ config: {}, worker });
  const encoder = new RowEncoder(converters, new SchemaHeaders(memoryCatalog(ensured), converters), output);
  await encoder.prepare(block);
  encoder.encode(block, 1234, stopping);
  output.flush();
  return { sent, ensured, batches };
}

const plain: RowLayout = { topic: 't', key: cell(0, textCodec), value: cell(1, textCodec), headers: [], cells: 2 };

/** Rows of texts; null is a NULL cell. */
function blockOf(layout: RowLayout, rows: readonly (readonly (string | null)[])[], timestampMs = 5): RowBlock {
  const arena = Buffer.from(rows.flat().join(''));
  const block = new RowBlock(arena, 1, 1);
  let at = 0;
  for (const row of rows) {
    block.begin(layout, timestampMs);
    for (const text of row) {
      const length = text === null ? -1 : Buffer.byteLength(text);
      block.cell(at, length);
      at += Math.max(0, length);
    }
  }
  return block;
}

const rows = (count: number): string[][] => Array.from({ length: count }, (_, i) => [`key ${i}`, `value ${i}`]);

describe('row encoder', () => {
  test('puts each key where the Java client would, in order', async () => {
    const { sent } = await encode(blockOf(plain, rows(200)), 5);
    expect(sent).toHaveLength(200);
    for (const { key, partition } of sent) expect(partition).toBe(murmur2Partition(Buffer.from(key ?? ''), 5));
    for (const partition of [0, 1, 2, 3, 4]) {
      const numbers = sent
        .filter((one) => one.partition === partition)
        .map(({ value }) => Number(/\d+/.exec(value ?? '')?.[0]));
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    }
  });

  test('a fixed partition of the layout wins, a row without key goes to one partition per batch', async () => {
    const fixed = await encode(blockOf({ ...plain, partition: 3 }, rows(20)), 5);
    expect(new Set(fixed.sent.map(({ partition }) => partition))).toEqual(new Set([3]));
    const keyless = await encode(blockOf({ ...plain, key: null }, rows(20)), 5);
    expect(new Set(keyless.sent.map(({ partition }) => partition)).size).toBe(1);
    expect(keyless.sent.every(({ key }) => key === null)).toBe(true);
  });

  test('a layout without value is a tombstone', async () => {
    const { sent } = await encode(blockOf({ ...plain, value: null }, rows(1)), 1);
    expect(sent[0]).toMatchObject({ key: '"key 0"', value: null });
  });

  test('a row without time gets the time of its encoding', async () => {
    const { sent } = await encode(blockOf(plain, rows(1), NO_TIMESTAMP), 1);
    expect(sent[0]?.timestampMs).toBe(1234);
  });

  test('headers of the layout come first, in order, then the schemas', async () => {
    const layout: RowLayout = {
      ...plain,
      headers: [
        { key: 'a', node: { kind: 'constant', schema: textCodec.schema, value: 'one' } },
        { key: 'b', node: cell(1, textCodec) },
        { key: 'a', node: { kind: 'constant', schema: textCodec.schema, value: 'two' } },
      ],
    };
    const { sent, ensured } = await encode(blockOf(layout, rows(3)), 1);
    expect(sent.map(({ headers }) => headers.slice(0, 3))).toEqual([
      ['a=one', 'b=value 0', 'a=two'],
      ['a=one', 'b=value 1', 'a=two'],
      ['a=one', 'b=value 2', 'a=two'],
    ]);
    expect(sent[0]?.headers[3]).toMatch(/^millrace\.schema=/);
    expect(ensured.length).toBeGreaterThan(0);
  });

  test('is ready for rows only when the schemas they name are durable', async () => {
    const durable = Promise.withResolvers<void>();
    const converters = taskConverters({ config: {}, worker: {} });
    const headers = new SchemaHeaders({ ...memoryCatalog(), ensure: () => durable.promise }, converters);
    const encoder = new RowEncoder(
      converters,
      headers,
      outputTo(1, 1e6, () => undefined),
    );
    let ready = false;
    const preparing = Promise.resolve(encoder.prepare(blockOf(plain, rows(1)))).then(() => (ready = true));
    await realEnv.timers.yield();
    expect(ready).toBe(false);
    durable.resolve();
    await preparing;
  });

  test('bytes that carry their schema get no schema header', async () => {
    const worker = { 'key.converter': 'json', 'value.converter': 'json' };
    const { sent, ensured } = await encode(blockOf(plain, rows(1)), 1, worker);
    expect(sent[0]?.headers).toEqual([]);
    expect(sent[0]?.value).toContain('"schema"');
    expect(ensured).toEqual([]);
  });

  test('a converter without plans encodes by value', async () => {
    const worker = { 'key.converter': 'string', 'value.converter': 'string' };
    const { sent } = await encode(blockOf(plain, [['k', 'v']]), 1, worker);
    expect(sent[0]).toMatchObject({ key: 'k', value: 'v' });
  });

  test('sends a batch as soon as it is full', async () => {
    const { batches } = await encode(blockOf(plain, rows(1000)), 1, {}, 4096);
    expect(batches.length).toBeGreaterThan(10);
  });

  test('makes no more than 64 heap bytes a row, batch and all (D14)', { timeout: 60_000 }, () => {
    const flags = ['--max-semi-space-size=256', '--min-semi-space-size=256', '--expose-gc'];
    const output = execFileSync(process.execPath, [...flags, new URL('heap-per-row.ts', import.meta.url).pathname]);
    const { bytesPerRow, batches, collections } = JSON.parse(output.toString()) as Record<string, number>;
    expect(collections).toBe(0);
    expect(batches).toBeGreaterThan(10);
    expect(bytesPerRow).toBeLessThan(64);
  });
});
