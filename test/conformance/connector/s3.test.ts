import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, test } from 'vitest';
import { s3Sink } from '../../../connectors/s3/connector.ts';
import type { RawConfig } from '../../../runtime/connector/options.ts';
import { sinkConformance } from '../../../runtime/connector/conformance/sink-conformance.ts';
import type { SinkDriver } from '../../../runtime/connector/conformance/sink-driver.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { field, INT64, structOf } from '../../../runtime/record/schema-builder.ts';
import { Bucket } from '../../integration/s3/bucket.ts';
import { startS3 } from '../../services/s3.ts';
import { finishedFiles, parsedLines } from '../../unit/connectors/s3/archive-folder.ts';

const server = await startS3();
const missing = 'missing' in server;
if (missing) console.warn(`skipped: ${server.missing}`);
afterAll(async () => {
  if (!missing) await server.stop();
});

const SCHEMA = structOf([field('n', INT64)]);
const VALUES = {
  topic: 'numbers',
  value: (n: number) => ({ datum: { schema: SCHEMA, value: { n: BigInt(n) } }, raw: Buffer.from(`{"n":${n}}`) }),
};
const numbers = (files: ReadonlyMap<string, Buffer>): number[] =>
  (parsedLines(files) as { n: number }[]).map(({ n }) => n);

/** A folder, or a bucket, with this configuration. */
function folderDriver(more: RawConfig): SinkDriver {
  return {
    connector: s3Sink,
    env: realEnv,
    async setUp() {
      const root = await mkdtemp(join(tmpdir(), 'mr-s3-conform-'));
      return {
        ...VALUES,
        config: { 'store.url': `file://${root}`, ...more },
        contents: async () => numbers(await finishedFiles(root)),
        tearDown: () => rm(root, { recursive: true }),
      };
    },
  };
}

let folders = 0;
function bucketDriver(more: RawConfig): SinkDriver {
  return {
    connector: s3Sink,
    env: realEnv,
    async setUp() {
      if (missing) throw new Error(server.missing);
      const bucket = new Bucket(server, `conform-${folders++}`);
      const contents = async (): Promise<number[]> => numbers(await bucket.files());
      return { ...VALUES, config: bucket.config(more), contents, tearDown: () => Promise.resolve() };
    },
  };
}

const SECONDS = {
  'partitioner.class': 'TimeBasedPartitioner',
  'path.format': 'HHmmssSS',
  'partition.duration.ms': '10',
};
const TIMED = { ...SECONDS, timezone: 'UTC', 'timestamp.extractor': 'Record', 'flush.size': '25' };

describe.each([
  ['a folder, seven records a file', folderDriver({ 'flush.size': '7' })],
  ['a folder, by time', folderDriver(TIMED)],
  ['a folder, by bytes', folderDriver({ 'millrace.rotate.bytes': '100' })],
])('the S3 sink conforms: %s', (_name, driver) => {
  for (const { name, run } of sinkConformance(driver)) test(name, run);
});

describe.skipIf(missing).each([
  ['seven records an object', bucketDriver({ 'flush.size': '7' })],
  ['by time', bucketDriver(TIMED)],
])('the S3 sink conforms: a bucket, %s', (_name, driver) => {
  for (const { name, run } of sinkConformance(driver)) test(name, run);
});
