import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { BatchBuilder } from '../../../runtime/hub/batch/batch-builder.ts';
import { MAIN, millrace, type Finished } from '../../e2e/worker-process.ts';
import { startLocalWorker, type LocalWorker } from '../rest/local-worker.ts';

let worker: LocalWorker;

beforeAll(async () => {
  worker = await startLocalWorker();
  await worker.worker.hub.admin.createTopic('orders', 1);
  await append(5);
});

afterAll(() => worker.close());

async function append(
  count: number,
  value: (index: number) => string | Buffer = (index) => `{"n":${index}}`,
): Promise<void> {
  const producer = await worker.worker.hub.producer({ acks: 'all' });
  const builder = new BatchBuilder();
  for (let index = 0; index < count; index++) {
    builder.add(1_700_000_000_000 + index * 1000, Buffer.from(`{"id":${index}}`), Buffer.from(value(index)));
  }
  await producer.append('orders', 0, builder.finish());
  await producer.close();
}

function cli(...args: readonly string[]): Promise<Finished> {
  return millrace(args, worker.path);
}

const remote = (): string[] => ['--url', worker.url];

function lines(out: string): { partition: number; offset: string; key: unknown; value: unknown; timestamp: string }[] {
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map(
      (line) =>
        JSON.parse(line) as { partition: number; offset: string; key: unknown; value: unknown; timestamp: string },
    );
}

function tail(...args: readonly string[]): Promise<Finished> {
  return cli('topics', 'tail', 'orders', '--hub', 'hub', '--json', ...args);
}

async function offsets(...args: readonly string[]): Promise<string[]> {
  return lines((await tail('--no-follow', ...args)).out).map(({ offset }) => offset);
}

describe('topics, while a worker writes them', () => {
  it('are listed with their sizes', async () => {
    const { code, out } = await cli('topics', 'list', '--hub', 'hub', '--json');
    expect(code).toBe(0);
    const topics = JSON.parse(out) as { name: string; records: string }[];
    expect(topics.find(({ name }) => name === 'orders')).toMatchObject({ partitions: 1, records: '5' });
  });

  it('are read from the beginning, from an offset, from the end backwards, from a time', async () => {
    expect(await offsets('--from-beginning')).toEqual(['0', '1', '2', '3', '4']);
    expect(await offsets('--from-beginning', '--max', '2')).toEqual(['0', '1']);
    expect(await offsets('--from-offset', '3')).toEqual(['3', '4']);
    expect(await offsets('--from-offset=-1')).toEqual(['4']);
    expect(await offsets('--from-time', '2023-11-14T22:13:23Z')).toEqual(['3', '4']);
    expect(await offsets()).toEqual([]);
  });

  it('show JSON keys and values decoded', async () => {
    const [first] = lines((await tail('--from-beginning', '--max', '1')).out);
    expect(first).toMatchObject({
      partition: 0,
      key: { id: 0 },
      value: { n: 0 },
      timestamp: '2023-11-14T22:13:20.000Z',
    });
  });

  it('are followed until interrupted, cleanly', async () => {
    const child = spawn(process.execPath, [MAIN, 'topics', 'tail', 'orders', '--hub', 'hub', '--json'], {
      cwd: worker.path,
    });
    let out = '';
    child.stdout.on('data', (part: Buffer) => (out += part.toString()));
    while (lines(out).length === 0) {
      await append(1, () => '{"exact":12345678901234567890.10}');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(out).toContain('"exact":12345678901234567890.10');
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(0);
  });

  it('show bytes that are no text in base 64', async () => {
    await append(1, () => Buffer.from([0xff, 0x00]));
    const [last] = lines((await tail('--from-offset=-1', '--no-follow')).out);
    expect(last?.value).toBe('base64:/wA=');
  });

  it('are created through the worker', async () => {
    const made = await cli(
      'topics',
      'create',
      'made',
      '--partitions',
      '3',
      '--config',
      'retention.ms=1000',
      '--hub',
      'hub',
      ...remote(),
    );
    expect(made).toMatchObject({ code: 0 });
    const { out } = await cli('topics', 'describe', 'made', '--hub', 'hub', '--json');
    expect(JSON.parse(out)).toMatchObject({ name: 'made', config: { 'retention.ms': '1000' } });
    expect((await cli('topics', 'create', 'made', '--hub', 'hub', ...remote())).code).toBe(5);
  });

  it('are altered through the worker: partitions, or settings', async () => {
    const alter = (...flags: string[]) => cli('topics', 'alter', 'made', '--hub', 'hub', ...remote(), ...flags);
    const config = async () => {
      const { out } = await cli('topics', 'describe', 'made', '--hub', 'hub', '--json');
      return (JSON.parse(out) as { config: object }).config;
    };
    expect(await alter('--config', 'retention.bytes=5000', '--config', 'cleanup.policy=delete')).toMatchObject({
      code: 0,
    });
    expect(await config()).toEqual({ 'retention.ms': '1000', 'retention.bytes': '5000', 'cleanup.policy': 'delete' });
    expect(await alter('--unset', 'cleanup.policy', '--unset', 'retention.ms')).toMatchObject({ code: 0 });
    expect(await config()).toEqual({ 'retention.bytes': '5000' });
    expect(await alter('--config', 'retentoin.ms=1')).toMatchObject({ err: expect.stringContaining('retention.ms') });
    expect(await alter('--unset', 'retentoin.ms')).toMatchObject({ err: expect.stringContaining('retention.ms') });
    expect(await alter('--config', 'retention.ms=1', '--unset', 'retention.ms')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--unset'),
    });
    expect(await config()).toEqual({ 'retention.bytes': '5000' });
    for (const flags of [[], ['--partitions', '4', '--unset', 'retention.bytes']]) {
      expect(await alter(...flags)).toMatchObject({ code: 2, err: expect.stringContaining('--partitions') });
    }
    expect(await alter('--partitions', '4')).toMatchObject({ code: 0, out: expect.stringContaining('4 partitions') });
    expect(await config()).toEqual({ 'retention.bytes': '5000' });
    const internal = await cli(
      'topics',
      'alter',
      'millrace-configs',
      '--unset',
      'cleanup.policy',
      '--hub',
      'hub',
      ...remote(),
    );
    expect(internal).toMatchObject({ err: expect.stringContaining('TOPIC_INTERNAL') });
  });

  it('that do not exist are named with what is close to them', async () => {
    expect(await cli('topics', 'tail', 'order', '--hub', 'hub')).toMatchObject({
      code: 4,
      err: expect.stringMatching(/there is no topic order\n.*Did you mean orders\? `millrace topics list`/s),
    });
    expect(await cli('topics', 'list', '--hub', 'nowhere')).toMatchObject({ err: expect.stringContaining('--hub') });
  });

  it('that do not exist are a status of their own', async () => {
    expect((await cli('topics', 'describe', 'absent', '--hub', 'hub')).code).toBe(4);
    expect((await cli('topics', 'list', '--hub', 'nowhere')).code).toBe(4);
  });
});

describe('connectors, by command', () => {
  const config = {
    'connector.class': 's3',
    topics: 'orders',
    'store.url': 'file:///tmp',
    's3.bucket.name': 'b',
    'flush.size': '100000',
  };

  it('are told in one wording where they do not exist, with what is close', async () => {
    const path = '/connectors/shop/config';
    const stopped = { ...config, 'store.url': `file://${worker.path}`, name: 'shop' };
    await worker.request('PUT', path, stopped);
    for (const [command, ...args] of [
      ['status', 'shpo'],
      ['pause', 'shpo'],
      ['restart', 'shpo', '--tasks'],
      ['restart', 'shpo', '--task', '0'],
      ['delete', 'shpo'],
    ] as const) {
      const { code, err } = await cli('connectors', command, ...args, ...remote());
      expect([command, code, err]).toEqual([
        command,
        4,
        'error: there is no connector shpo\n  remedy: Did you mean shop? `millrace connectors list` shows what there is.\n  code:   CONNECTOR_NOT_FOUND\n',
      ]);
    }
    await worker.request('DELETE', '/connectors/shop');
  });

  it('are applied, listed, controlled and deleted', async () => {
    await writeFile(
      join(worker.path, 'archive.json'),
      JSON.stringify({ ...config, 'store.url': `file://${worker.path}` }),
    );
    expect(await cli('apply', 'archive.json', ...remote())).toMatchObject({ code: 0, out: 'created archive\n' });
    expect(await cli('apply', 'archive.json', ...remote(), '--json')).toMatchObject({
      code: 0,
      out: '[{"name":"archive","result":"updated"}]\n',
    });
    expect((await cli('connectors', 'list', ...remote())).out).toMatch(/archive\s+sink/);
    expect((await cli('connectors', 'pause', 'archive', ...remote())).code).toBe(0);
    expect((await cli('connectors', 'resume', 'archive', ...remote())).code).toBe(0);
    expect((await cli('connectors', 'restart', 'archive', '--tasks', ...remote())).code).toBe(0);
    const status = await cli('connectors', 'status', 'archive', '--json', ...remote());
    expect(JSON.parse(status.out)).toMatchObject({ status: { name: 'archive', type: 'sink' } });
    expect((await cli('connectors', 'stop', 'archive', ...remote())).code).toBe(0);
    expect((await cli('connectors', 'delete', 'archive', ...remote())).code).toBe(0);
    expect((await cli('connectors', 'delete', 'archive', ...remote())).code).toBe(4);
    expect((await worker.request('GET', '/connectors')).body).toEqual([]);
  });

  it('that came to their end are listed as ENDED; Connect’s states stay in JSON', async () => {
    await worker.request('PUT', '/connectors/few/config', {
      'connector.class': 'generator',
      topic: 'few',
      records: '3',
    });
    await vi.waitFor(async () => {
      expect((await cli('connectors', 'list', ...remote())).out).toMatch(/few +source +ENDED +\S+ +1 ENDED/);
    }, 20_000);
    expect((await cli('connectors', 'status', 'few', ...remote())).out).toContain('task 0 ENDED');
    const all = JSON.parse((await cli('connectors', 'list', '--json', ...remote())).out) as Record<string, unknown>;
    expect(all['few']).toMatchObject({ status: { connector: { state: 'RUNNING' }, tasks: [{ state: 'STOPPED' }] } });
    await worker.request('DELETE', '/connectors/few');
  });

  it('show and change configuration, offsets and topics', async () => {
    const shop = { ...config, 'store.url': `file://${worker.path}`, 'flush.size': '2' };
    await worker.request('PUT', '/connectors/shop/config', shop);
    const json = async (...args: readonly string[]): Promise<unknown> =>
      JSON.parse((await cli('connectors', ...args, ...remote(), '--json')).out);
    expect(await json('config', 'shop', '--set', 'flush.size=3')).toMatchObject({ 'flush.size': '3' });
    expect(await json('config', 'shop')).toMatchObject({ 'flush.size': '3', topics: 'orders' });
    expect(await json('topics', 'shop')).toEqual(['orders']);
    const wrong = await cli('connectors', 'config', 'shop', '--set', 'flush.sizes=3', ...remote());
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean flush.size?') });
    expect(wrong.err).toContain(
      'key:    flush.sizes\n  remedy: Rename flush.sizes to flush.size.\n  code:   CONFIG_INVALID',
    );
    expect((await cli('connectors', 'offsets', 'shop', '--reset', ...remote())).code).toBe(2);
    await cli('connectors', 'stop', 'shop', ...remote());
    const offsets = [{ partition: { kafka_topic: 'orders', kafka_partition: 0 }, offset: { kafka_offset: 1 } }];
    await vi.waitFor(async () => {
      expect((await cli('connectors', 'offsets', 'shop', '--set', JSON.stringify(offsets), ...remote())).code).toBe(0);
    }, 10_000);
    expect(await json('offsets', 'shop')).toEqual({ offsets });
    await json('offsets', 'shop', '--reset');
    expect(await json('offsets', 'shop')).toEqual({ offsets: [] });
    await worker.request('DELETE', '/connectors/shop');
  });

  it('have log levels of their own', async () => {
    const set = await cli('loggers', 'connector.nobody', 'debug', ...remote());
    expect(set).toMatchObject({ code: 0, out: 'DEBUG: connector.nobody\n' });
    expect((await cli('loggers', ...remote())).out).toMatch(/connector\.nobody {2}DEBUG {2}\d{4}-/);
    expect((await cli('loggers', 'root', 'loud', ...remote())).code).toBe(2);
  });

  it('are applied all or not at all', async () => {
    await writeFile(join(worker.path, 'good.json'), JSON.stringify(config));
    await writeFile(
      join(worker.path, 'wrong.json'),
      JSON.stringify({ ...config, 'flush.size': 'many', 'tasks.max': 0 }),
    );
    await writeFile(join(worker.path, 'topicless.json'), JSON.stringify({ ...config, topics: '' }));
    const { code, err } = await cli('apply', 'good.json', 'wrong.json', 'topicless.json', ...remote());
    expect(code).toBe(2);
    expect(err).toMatch(/^ {2}key: {4}(?:flush\.size|tasks\.max)$/m);
    expect(err.match(/topicless\.json: /g)).toHaveLength(1);
    expect(err).toContain('wrong.json: Invalid value many for configuration flush.size');
    expect(err).toContain('tasks.max');
    expect((await worker.request('GET', '/connectors')).body).toEqual([]);
  });

  it('need a worker that answers', async () => {
    const { code, err } = await cli('connectors', 'list', '--url', 'http://127.0.0.1:9');
    expect(code).toBe(3);
    expect(err).toContain('millrace worker');
  });
});

describe('completion in bash', () => {
  it('offers what the worker and the hub have', async () => {
    await worker.request('PUT', '/connectors/shop/config', {
      'connector.class': 's3',
      topics: 'orders',
      'store.url': `file://${worker.path}`,
      'flush.size': '10',
    });
    const complete = async (...words: readonly string[]): Promise<string> => {
      const typed = words.map((word) => `'${word}'`).join(' ');
      const script = `millrace() { "${process.execPath}" "${MAIN}" "$@"; }
        eval "$(millrace completion bash)"
        COMP_WORDS=(millrace ${typed}) COMP_CWORD=${words.length}
        _millrace
        printf '%s\\n' "\${COMPREPLY[@]}"`;
      const child = spawn('bash', ['--norc', '-c', script], { cwd: worker.path });
      let out = '';
      child.stdout.on('data', (part: Buffer) => (out += part.toString()));
      await once(child, 'close');
      return out.trim();
    };
    expect(await complete('connectors', 'pause', ...remote(), 'sh')).toBe('shop');
    expect(await complete('topics', 'tail', '--hub', 'hub', 'ord')).toBe('orders');
    expect(await complete('connectors', 'st')).toBe('status\nstop');
    await worker.request('DELETE', '/connectors/shop');
  });
});

describe('usage', () => {
  it.each([
    [['nonsense'], 2],
    [['topics', 'tail'], 2],
    [['topics', 'tail', 'x', '--max', 'many'], 2],
    [['--version'], 0],
    [['connectors', '--help'], 0],
    [['plugins', 'nope'], 4],
  ])('%j ends with %i', async (args, code) => {
    expect((await cli(...args)).code).toBe(code);
  });

  it('plugins lists connectors and their options without a worker', async () => {
    expect((await cli('plugins', '--json')).out).toContain('"className":"postgres"');
    expect((await cli('plugins', 's3')).out).toContain('flush.size');
  });
});
