import { afterAll, describe, expect, test } from 'vitest';
import { s3Sink } from '../../../connectors/s3/connector.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { startS3 } from '../../services/s3.ts';
import { sinkRecord, taskStart } from '../../unit/connectors/s3/sink-records.ts';
import { Bucket } from './bucket.ts';

const server = await startS3();
const missing = 'missing' in server;
if (missing) console.warn(`skipped: ${server.missing}`);
afterAll(async () => {
  if (!missing) await server.stop();
});

describe.skipIf(missing)('an archive in a bucket', () => {
  const bucket = missing ? undefined : new Bucket(server, 'rewound');
  const config = { ...bucket?.config({ 'flush.size': '4', topics: 'orders' }) };

  /** Archives from an offset, as after a rewind to it. */
  async function archive(from: number, to: number): Promise<ReadonlyMap<string, bigint>> {
    const task = s3Sink.createTask(config);
    const start = taskStart(realEnv, 'archive');
    await task.open(start);
    await task.assign([{ partition: { topic: 'orders', partition: 0 }, offset: BigInt(from), committed: true }]);
    const records = Array.from({ length: to - from }, (_, n) =>
      sinkRecord({ offset: from + n, json: `{"n":${from + n}}` }),
    );
    const first = await task.write(records, start.signal);
    // What was found finished is read again up to its end.
    const again = first.seek === undefined ? first : await task.write(records, start.signal);
    await task.close();
    return again.durable;
  }

  test('is read again from the start of the object that holds the place, and holds each record once', async () => {
    await archive(0, 8);
    const before = await bucket?.names();
    const call = { name: 'archive', config, env: realEnv, log: taskStart().context.log, signal: taskStart().signal };
    const places = [2, 4, 7, 8].map((offset) => ({ topic: 'orders', partition: 0, offset: BigInt(offset) }));
    const starts = await s3Sink.rewindFrom?.(call, places);
    expect(starts?.map(({ offset }) => offset)).toEqual([0n, 4n, 4n, 8n]);
    expect((await archive(4, 8)).get('orders-0')).toBe(8n);
    expect(await bucket?.names()).toEqual(before);
  });
});
