import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SinkRecord } from '../../../../runtime/connector/sink.ts';
import { createConverter } from '../../../../runtime/convert/create-converter.ts';
import { ParquetArchive } from './parquet-archive.ts';

/*
 * Every change event Debezium recorded, with all of Postgres's types, as Parquet: what DuckDB reads
 * from the file is what it reads from the event's own JSON.
 */
const RECORDS = new URL('../../../fixtures/debezium-postgres/records.jsonl', import.meta.url);
const converter = createConverter('json', { 'schemas.enable': 'true' }, false);
const keys = createConverter('json', { 'schemas.enable': 'true' }, true);

interface Recorded {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
}

function sinkRecord({ topic, partition, offset, timestamp, key, value }: Recorded): SinkRecord {
  const rawKey = key === null ? null : Buffer.from(key);
  const rawValue = value === null ? null : Buffer.from(value);
  return {
    topic,
    partition,
    offset: BigInt(offset),
    timestampMs: timestamp,
    headers: [],
    rawKey,
    rawValue,
    tombstone: value === null,
    encoding: 'other',
    key: () => keys.decode(topic, rawKey, []),
    value: () => converter.decode(topic, rawValue, []),
  };
}

let archive: ParquetArchive;
let recorded: Recorded[];
beforeAll(async () => {
  archive = await ParquetArchive.create();
  const lines = (await readFile(RECORDS, 'utf8')).split('\n').filter((line) => line !== '');
  recorded = lines.map((line) => JSON.parse(line) as Recorded);
});
afterAll(() => archive[Symbol.asyncDispose]());

interface Payload {
  readonly op?: string;
  readonly source?: { readonly lsn: number | null; readonly ts_us: number };
}

/** What a row must say of an event; of a tombstone, nothing. */
function expected({ offset, value }: Recorded): Record<string, unknown> {
  const { op, source } = value === null ? ({} as Payload) : (JSON.parse(value) as { payload: Payload }).payload;
  const lsn = source?.lsn ?? null;
  return { offset: String(offset), op: op ?? null, lsn: lsn === null ? null : String(lsn), us: source?.ts_us ?? null };
}

function order(rows: readonly Record<string, unknown>[]): unknown[] {
  return rows.toSorted((a, b) => Number(a['offset']) - Number(b['offset']));
}

test(
  'every recorded event becomes a row with its operation and position, none is rejected',
  { timeout: 60_000 },
  async () => {
    const topics = Map.groupBy(recorded, ({ topic, partition }) => `${topic}-${partition}`);
    expect(topics.size).toBeGreaterThan(20);
    for (const records of topics.values()) {
      const topic = records[0]?.topic ?? '';
      const written = await archive.write(records.map(sinkRecord), { 'millrace.envelope': 'true', 'flush.size': '1' });
      expect(written.rejected).toBe(0);
      const events = records.some(({ value }) => value?.includes('"ts_us"') === true && value.includes('"op"'));
      const fields = '"value".op AS op, "value".source.lsn AS lsn, "value".source.ts_us::DOUBLE AS us';
      const found = await archive.rows(`"offset", ${events ? fields : 'NULL AS op, NULL AS lsn, NULL AS us'}`, topic);
      expect(order(found)).toEqual(order(records.map(expected)));
    }
  },
);
