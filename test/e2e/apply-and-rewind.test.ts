import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Plan, Rewind } from '../../runtime/rest/api.ts';
import { millrace, WorkerProcess, type Finished } from './worker-process.ts';

let home: string;
let worker: WorkerProcess;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'millrace-apply-'));
  await mkdir(join(home, 'connectors'));
  worker = await WorkerProcess.start([], home);
  await write('orders', { 'connector.class': 'generator', topic: 'orders', records: '100', throughput: '-1' });
  await write('archive', archive());
});

afterAll(async () => {
  await worker.stop();
  await rm(home, { recursive: true, force: true });
});

function archive(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    'connector.class': 's3',
    topics: 'orders',
    'store.url': `file://${home}`,
    's3.bucket.name': 'archive',
    'flush.size': '10',
    ...more,
  };
}

function write(name: string, config: object): Promise<void> {
  return writeFile(join(home, 'connectors', `${name}.json`), JSON.stringify(config));
}

function apply(...args: readonly string[]): Promise<Finished> {
  return millrace(['apply', 'connectors', ...args, '--url', worker.url], home);
}

function rewind(...args: readonly string[]): Promise<Finished> {
  return millrace(['connectors', 'rewind', ...args, '--url', worker.url], home);
}

async function planned(...args: readonly string[]): Promise<{ code: number | null; plan: Plan }> {
  const { code, out } = await apply('--plan', '--json', ...args);
  return { code, plan: JSON.parse(out) as Plan };
}

async function names(): Promise<unknown> {
  return (await worker.get('/connectors')).body;
}

async function committed(): Promise<number | undefined> {
  const { body } = await worker.get('/connectors/archive/offsets');
  return (body as { offsets: { offset: { kafka_offset: number } }[] }).offsets[0]?.offset.kafka_offset;
}

describe('millrace apply --plan and --hash', () => {
  it('say 6 for changes, apply exactly them, and say 0 then', async () => {
    const { code, plan } = await planned();
    expect({ code, actions: plan.connectors.map(({ action }) => action) }).toEqual({
      code: 6,
      actions: ['create', 'create'],
    });
    expect(await names()).toEqual([]);
    const applied = await apply('--hash', plan.hash ?? '');
    expect({ code: applied.code, out: applied.out }).toEqual({ code: 0, out: 'created archive\ncreated orders\n' });
    await worker.until('archiving all', async () => (await committed()) === 100);
    expect((await planned()).code).toBe(0);
  });

  it('refuse a hash of something else with status 5, naming what to do', async () => {
    await write('archive', archive({ 'flush.size': '20' }));
    const { plan } = await planned('--sample', '0');
    await write('archive', archive({ 'flush.size': '30' }));
    const { code, err } = await apply('--hash', plan.hash ?? '');
    expect(code).toBe(5);
    expect(err).toContain('PLAN_CHANGED');
    expect(err).toContain('Plan again');
    await write('archive', archive());
  });

  it('say 1 where sampled records would stop the task, and show the first of them', async () => {
    const wrong = {
      transforms: 'time',
      'transforms.time.type': 'org.apache.kafka.connect.transforms.TimestampConverter$Value',
      'transforms.time.field': 'text',
      'transforms.time.format': 'yyyy-MM-dd',
      'transforms.time.target.type': 'Timestamp',
    };
    await write('archive', archive(wrong));
    const { code, out } = await apply('--plan', '--sample', '7');
    expect(code).toBe(1);
    expect(out).toContain('stops the task 7× TRANSFORMATION');
    expect(out).toContain('first orders-0 at offset 93');
    await write('archive', archive());
  });

  it('say 2 for an invalid configuration, with every error', async () => {
    await write('archive', archive({ 'flush.size': 'x', 'tasks.max': 'y' }));
    const { code, out } = await apply('--plan');
    expect(code).toBe(2);
    expect(out).toMatch(/invalid tasks\.max: .*\n.*invalid flush\.size: /);
    await write('archive', archive());
  });

  it('say 1 where a check fails', async () => {
    await writeFile(join(home, 'in-the-way'), '');
    await write('archive', archive({ 'store.url': `file://${home}/in-the-way` }));
    const { code, out } = await apply('--plan', '--sample', '0');
    expect(code).toBe(1);
    expect(out).toContain('remedy: Point store.url at a folder.');
    await write('archive', archive());
  });

  it('say 3 where no worker answers', async () => {
    expect((await millrace(['apply', 'connectors', '--plan', '--url', 'http://127.0.0.1:1'], home)).code).toBe(3);
  });
});

describe('millrace connectors rewind', () => {
  it('needs --yes where there is no terminal, and changes nothing without it', async () => {
    const { code, err, out } = await rewind('archive', '--to-offset', '25');
    expect(code).toBe(2);
    expect(out).toContain('at most 80 records');
    expect(out).toContain('begins at 20 instead of 25');
    expect(err).toContain('CLI_UNCONFIRMED');
    expect(await committed()).toBe(100);
  });

  it('reads again, and the archive stays as it is', async () => {
    const before = await readdir(join(home, 'archive/topics/orders/partition=0'));
    const { code, out } = await rewind('archive', '--to-offset', 'orders-0=25', '--yes', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out) as Rewind).toMatchObject({ done: true, records: 80 });
    await worker.until('archiving all again', async () => (await committed()) === 100);
    expect(await readdir(join(home, 'archive/topics/orders/partition=0'))).toEqual(before);
  });

  it('survives kill -9 after a rewind: the archive has each record once', async () => {
    const before = await readdir(join(home, 'archive/topics/orders/partition=0'));
    expect((await rewind('archive', '--to-offset', '0', '--yes')).code).toBe(0);
    await worker.kill();
    worker = await WorkerProcess.start([], home);
    await worker.until('archiving all again', async () => (await committed()) === 100);
    expect(await readdir(join(home, 'archive/topics/orders/partition=0'))).toEqual(before);
  });

  it('says by status what is wrong: usage, no such connector, a place that does not fit', async () => {
    expect((await rewind('archive')).code).toBe(2);
    expect((await rewind('archive', '--to-offset', '1', '--to-lsn', '0/1')).code).toBe(2);
    expect((await rewind('nobody', '--to-offset', '1')).code).toBe(4);
    const { code, err } = await rewind('archive', '--to-lsn', '0/1');
    expect(code).toBe(2);
    expect(err).toContain('no places of a database');
  });
});

describe('millrace apply --prune', () => {
  it('asks first, and deletes with --yes', async () => {
    await rm(join(home, 'connectors/archive.json'));
    const asked = await apply('--prune');
    expect(asked.code).toBe(2);
    expect(asked.err).toContain('would delete archive');
    expect(await names()).toEqual(['archive', 'orders']);
    const { code, plan } = await planned('--prune');
    expect(code).toBe(6);
    expect(plan.connectors.map(({ name, action }) => `${action} ${name}`)).toEqual([
      'unchanged orders',
      'delete archive',
    ]);
    const done = await apply('--prune', '--yes');
    expect(done.out).toBe('unchanged orders\ndeleted archive\n');
    expect(await names()).toEqual(['orders']);
  });
});
