import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connector } from '../../../../connectors/s3/index.ts';
import { sinkRecord, taskStart } from './sink-records.ts';

let root: string;
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), 'millrace-s3-'))));
afterEach(() => rm(root, { recursive: true }));

test('a record whose topic a transform renamed stops the task: files are named after topics of the hub', async () => {
  if (connector.kind !== 'sink') throw new Error('not a sink');
  const task = connector.createTask({ 'connector.class': 's3', 'store.url': `file://${root}`, 'flush.size': '3' });
  try {
    await task.open(taskStart());
    await task.assign([{ partition: { topic: 'orders', partition: 0 }, offset: 0n }]);
    const record = { ...sinkRecord({ offset: 0, json: '{"n":0}' }), destination: 'orders' };
    const renamed = { ...sinkRecord({ offset: 1, json: '{"n":1}' }), destination: 'other' };
    const { signal } = new AbortController();
    await task.write([record], signal);
    await expect(task.write([renamed], signal)).rejects.toMatchObject({ code: 'S3_TOPIC_RENAMED', kind: 'config' });
  } finally {
    await task.close();
  }
});
