import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connector } from '../../../../connectors/s3/index.ts';
import type { SinkRecord, SinkTask } from '../../../../runtime/connector/sink.ts';
import { finishedFiles } from './archive-folder.ts';
import { sinkRecord, taskStart } from './sink-records.ts';
import { feed } from './topic-reader.ts';

let base: string;
let root: string;
let tasks: SinkTask[];
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'millrace-marker-'));
  root = join(base, 'archive');
  tasks = [];
});
afterEach(async () => {
  for (const task of tasks) await task.close();
  await rm(base, { recursive: true });
});

const MISSING = { code: 'S3_FOLDER_MISSING', kind: 'position', key: 'store.url' };
const marks = (): string => join(root, '.millrace/archives/my%2Earchive');

async function started(): Promise<SinkTask> {
  if (connector.kind !== 'sink') throw new Error('not a sink');
  const task = connector.createTask({ 'connector.class': 's3', 'store.url': `file://${root}`, 'flush.size': '3' });
  tasks.push(task);
  await task.open(taskStart(undefined, 'my.archive'));
  return task;
}

const numbered = (count: number, start = 0, topic = 'shop.orders'): SinkRecord[] =>
  Array.from({ length: count }, (_, i) => sinkRecord({ topic, offset: start + i, json: `{"n":${start + i}}` }));

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

describe('an archive folder', () => {
  test('is marked before its first file, by names without a dot, and goes on after a restart', async () => {
    await feed(await started(), numbered(3));
    expect(await readdir(marks())).toEqual(['shop,orders-0']);
    await feed(await started(), numbered(3, 3), { from: 3n, committed: true });
    expect(await finishedFiles(root)).toHaveProperty('size', 2);
  });

  test.each(['', 'topics'])(
    'whose %s folder is removed while a task writes stops it by name, and is not made anew',
    async (part) => {
      const task = await started();
      await feed(task, numbered(4));
      await rm(join(root, part), { recursive: true });
      await expect(feed(task, numbered(6, 4), { assign: false, from: 4n })).rejects.toMatchObject(MISSING);
      expect(await isThere(join(root, 'topics'))).toBe(false);
      const next = await started();
      await expect(feed(next, numbered(3, 3), { from: 3n, committed: true })).rejects.toMatchObject(MISSING);
      expect(await isThere(join(root, 'topics'))).toBe(false);
    },
  );

  test.each(['', 'topics', '.millrace/archives/my%2Earchive/shop,orders-0'])(
    'without %s is named at the start where offsets are committed',
    async (part) => {
      const task = await started();
      await feed(task, numbered(3));
      await feed(task, numbered(3, 0, 'other'));
      await rm(join(root, part), { recursive: true });
      const again = feed(await started(), numbered(3, 3), { from: 3n, committed: true });
      await expect(again).rejects.toMatchObject({ ...MISSING, message: expect.stringContaining('offset 3') });
    },
  );

  test('that was removed is begun anew once the offsets are reset', async () => {
    await feed(await started(), numbered(3));
    await rm(root, { recursive: true });
    await feed(await started(), numbered(3));
    expect(await finishedFiles(root)).toHaveProperty('size', 1);
  });

  test('goes on where it is put back', async () => {
    const task = await started();
    await feed(task, numbered(3));
    await rename(root, `${root}.away`);
    await expect(feed(task, numbered(3, 3), { assign: false, from: 3n })).rejects.toMatchObject(MISSING);
    await rename(`${root}.away`, root);
    await feed(await started(), numbered(3, 3), { from: 3n, committed: true });
    expect(await finishedFiles(root)).toHaveProperty('size', 2);
  });

  test('goes on without its older files where the operator made the marks’ folder, empty', async () => {
    await feed(await started(), numbered(3));
    await rm(root, { recursive: true });
    await mkdir(join(root, 'topics'), { recursive: true });
    await mkdir(marks(), { recursive: true });
    await feed(await started(), numbered(3, 3), { from: 3n, committed: true });
    expect([...(await finishedFiles(root)).keys()]).toEqual([
      'topics/shop.orders/partition=0/shop.orders+0+0000000003.json',
    ]);
  });

  test('is not taken for lost by a partition that is new to the group', async () => {
    const task = await started();
    await feed(task, numbered(3));
    await feed(task, numbered(3, 7, 'other'), { from: 7n });
    expect((await readdir(marks())).sort()).toEqual(['other-0', 'shop,orders-0']);
  });
});
