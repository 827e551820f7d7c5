/*
 * Records a second from the sink's `write` to finished files in a folder: `node test/bench/s3.ts [records]`.
 * Change events of about 700 bytes; `decode` is what the JSON converter costs where the format needs values.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connector } from '../../connectors/s3/index.ts';
import type { RawConfig } from '../../runtime/connector/options.ts';
import type { SinkRecord } from '../../runtime/connector/sink.ts';
import type { Datum } from '../../runtime/record/record.ts';
import { decimalType } from '../../runtime/record/logical-types.ts';
import {
  field,
  INT64,
  OPTIONAL_INT64,
  OPTIONAL_STRING,
  optional,
  STRING,
  structOf,
} from '../../runtime/record/schema-builder.ts';
import { microTimestampOf } from '../../runtime/record/semantic-types.ts';
import { Decimal } from '../../runtime/record/decimal.ts';
import { finishedFiles } from '../unit/connectors/s3/archive-folder.ts';
import { taskStart } from '../unit/connectors/s3/sink-records.ts';
import { ProcessMeter } from './process-meter.ts';

const RECORDS = Number(process.argv[2] ?? 400_000);
const BATCH = 1000;
const DISTINCT = 5000;

const row = structOf(
  [
    field('id', INT64),
    field('customer', INT64),
    field('price', optional(decimalType(2, 12))),
    field('note', OPTIONAL_STRING),
    field('at', microTimestampOf()),
  ],
  { name: 'shop.public.orders.Value', optional: true },
);
const source = structOf([
  ...['version', 'connector', 'name'].map((name) => field(name, STRING)),
  field('ts_ms', INT64),
  ...['snapshot', 'db', 'sequence', 'schema', 'table'].map((name) => field(name, OPTIONAL_STRING)),
  ...['txId', 'lsn', 'xmin', 'ts_us', 'ts_ns'].map((name) => field(name, OPTIONAL_INT64)),
]);
const event = structOf([
  field('before', row),
  field('after', row),
  field('source', source),
  field('op', STRING),
  field('ts_ms', OPTIONAL_INT64),
]);
const KEY: Datum = { schema: structOf([field('id', INT64)]), value: { id: 1n } };

interface Made {
  readonly raw: Buffer;
  readonly key: Buffer;
  readonly datum: Datum;
}

function made(n: number): Made {
  const text = (length: number): string => `${n}`.padEnd(length, 'abcdefghij');
  const at = 1_700_000_000_000n + BigInt(n);
  const value = {
    before: null,
    after: {
      id: BigInt(n),
      customer: BigInt(n % 977),
      price: new Decimal(BigInt(n * 13), 2),
      note: text(160),
      at: at * 1000n,
    },
    source: {
      version: '3.6.1.Final',
      connector: 'postgresql',
      name: 'shop',
      ts_ms: at,
      snapshot: 'false',
      db: 'shop',
      sequence: `["${n}","${n + 1}"]`,
      schema: 'public',
      table: 'orders',
      txId: BigInt(n >> 4),
      lsn: BigInt(n * 64),
      xmin: null,
      ts_us: at * 1000n,
      ts_ns: at * 1_000_000n,
    },
    op: 'c',
    ts_ms: at,
  };
  const raw = JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'bigint' ? Number(part) : part instanceof Decimal ? part.toString() : part,
  );
  return { raw: Buffer.from(raw), key: Buffer.from(`{"id":${n}}`), datum: { schema: event, value } };
}

const pool = Array.from({ length: DISTINCT }, (_, n) => made(n));

function record(n: number): SinkRecord {
  const { raw, key, datum } = pool[n % DISTINCT] ?? made(n);
  return {
    topic: 'shop.public.orders',
    partition: 0,
    offset: BigInt(n),
    timestampMs: 1_700_000_000_000 + n,
    headers: [],
    rawKey: key,
    rawValue: raw,
    tombstone: false,
    encoding: 'json',
    keyEncoding: 'json',
    key: () => KEY,
    value: () => datum,
  };
}

async function measure(name: string, more: RawConfig, records = RECORDS): Promise<void> {
  if (connector.kind !== 'sink') throw new Error('not a sink');
  const root = await mkdtemp(join(tmpdir(), 'mr-s3-bench-'));
  const task = connector.createTask({ 'store.url': `file://${root}`, 'flush.size': String(records / 4), ...more });
  const start = taskStart();
  await task.open(start);
  await task.assign([{ partition: { topic: 'shop.public.orders', partition: 0 }, offset: 0n }]);
  let bytes = 0;
  const meter = new ProcessMeter(process.pid);
  const from = performance.now();
  for (let at = 0; at < records; at += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, i) => record(at + i));
    for (const { rawValue } of batch) bytes += rawValue?.length ?? 0;
    await task.write(batch, start.signal);
  }
  const seconds = (performance.now() - from) / 1000;
  const { cpuSeconds, peakAnonymousMib } = meter.stop();
  await task.close();
  let stored = 0;
  for (const file of (await finishedFiles(root)).keys()) stored += (await stat(join(root, file))).size;
  await rm(root, { recursive: true });
  const rate = (records / seconds / 1000).toFixed(0).padStart(5);
  console.log(
    `${name.padEnd(30)} ${rate} k records/s ${(bytes / seconds / 1e6).toFixed(0).padStart(5)} MB/s in  ` +
      `${((cpuSeconds / records) * 1e6).toFixed(1).padStart(5)} CPU-s/million  ${(stored / records).toFixed(0).padStart(4)} B/record stored  peak ${peakAnonymousMib} MiB`,
  );
}

console.log(`${RECORDS} change events of ${pool[0]?.raw.length} bytes in 4 files`);
await measure('JSON Lines', {});
await measure('JSON Lines, gzip', { 's3.compression.type': 'gzip' }, RECORDS / 2);
await measure('JSON Lines, zstd', { 's3.compression.type': 'zstd' });
await measure('JSON Lines, envelope', { 'millrace.envelope': 'true' });
await measure('Parquet, snappy', { 'format.class': 'ParquetFormat' }, RECORDS / 4);
await measure('Parquet, zstd', { 'format.class': 'ParquetFormat', 'parquet.codec': 'zstd' }, RECORDS / 4);
await measure(
  'Parquet, zstd, envelope',
  { 'format.class': 'ParquetFormat', 'parquet.codec': 'zstd', 'millrace.envelope': 'true' },
  RECORDS / 4,
);
