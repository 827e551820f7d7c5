import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, describe, expect, onTestFinished, test } from 'vitest';
import type { ConnectorHealth } from '../../../runtime/cluster/connector-health.ts';
import { databaseOptions, startPostgres } from '../../services/postgres.ts';
import { startLocalWorker, type LocalWorker } from '../rest/local-worker.ts';
import { until } from '../../until.ts';

const STALL_MS = 2500;
const OPTIONS = {
  'plugin.path': fileURLToPath(new URL('../../nasty', import.meta.url)),
  'millrace.stall.timeout.ms': String(STALL_MS),
  'task.shutdown.graceful.timeout.ms': '1000',
  'offset.flush.interval.ms': '100',
};
const run = promisify(execFile);
let worker: LocalWorker;

afterEach(async () => {
  // Its folder may be a disk of the test's own.
  await worker.stop();
  if (worker.path !== mount) await rm(worker.path, { recursive: true, force: true });
});

async function put(name: string, config: Record<string, string>): Promise<void> {
  const { status, text } = await worker.request('PUT', `/connectors/${name}/config`, config);
  expect([status, text]).toEqual([201, expect.any(String)]);
}

async function health(name: string): Promise<{ readonly status: number; readonly body: ConnectorHealth }> {
  const { status, body } = await worker.request('GET', `/connectors/${name}/health`);
  return { status, body: body as ConnectorHealth };
}

/** Waits for a state; says what it saw instead where it does not come. */
const shows = (what: string, holds: () => Promise<boolean>, withinMs = 30_000): Promise<void> =>
  until(holds, withinMs, async () => {
    const { text } = await worker.request('GET', '/connectors?expand=health');
    return `${what}; ${text}\n${worker.lines.map(String).slice(-10).join('\n')}`;
  });

const stalled = (name: string) =>
  shows(`${name} is stalled`, async () => (await health(name)).body.status === 'stalled');
const standing = (name: string, wanted: string) =>
  shows(`${name} is ${wanted}`, async () => (await health(name)).body.tasks[0]?.standing === wanted);

const feed = { 'connector.class': 'generator', topic: 'feed', throughput: '200' };

describe('a task without progress', () => {
  test('is STALLED at writing where the connector never settles its write; Connect’s states stay, its neighbours go on', async () => {
    worker = await startLocalWorker(OPTIONS);
    await put('feed', feed);
    await put('sink', { 'connector.class': 'nasty-sink', topics: 'feed', 'behaviour.write': 'hang' });
    await stalled('sink');
    const { status, body } = await health('sink');
    expect(status).toBe(500);
    expect(body.tasks[0]).toMatchObject({
      state: 'RUNNING',
      standing: 'STALLED',
      at: 'writing',
      stalled: { stage: 'writing', since_ms: expect.any(Number) },
    });
    expect(body.message).toMatch(/^task 0: STALLED at writing: no progress since 20/);
    const info = (await worker.request('GET', '/connectors/sink/status')).body;
    expect(info).toMatchObject({ connector: { state: 'RUNNING' }, tasks: [{ state: 'RUNNING' }] });
    const all = await worker.request('GET', '/health');
    expect(all.status).toBe(200);
    expect(all.body).toMatchObject({ status: 'healthy', connectors: { sink: body.message } });
    expect((await worker.request('GET', '/metrics')).text).toMatch(
      /^millrace_task_stalled\{connector="sink",task="0",stage="writing"\} 1$/m,
    );
    await standing('feed', 'IDLE');
    expect((await health('feed')).body).toMatchObject({ status: 'healthy' });
  });

  test('is started again where millrace.stall.action says so, and that is counted', async () => {
    worker = await startLocalWorker(OPTIONS);
    await put('feed', feed);
    await put('sink', {
      'connector.class': 'nasty-sink',
      topics: 'feed',
      'behaviour.write': 'hang',
      'millrace.stall.action': 'restart',
    });
    const restarts = async (): Promise<number> => {
      const { text } = await worker.request('GET', '/metrics');
      return Number(/^millrace_task_stall_restarts_total\{connector="sink",task="0"\} (\d+)$/m.exec(text)?.[1] ?? 0);
    };
    await shows('it was started again twice', async () => (await restarts()) >= 2, 60_000);
    expect((await health('feed')).body.status).toBe('healthy');
  });

  test('is no idle one: a sink at the high watermark, one that keeps files open, a source without anything to read', async () => {
    worker = await startLocalWorker(OPTIONS);
    const folder = await mkdtemp(join(tmpdir(), 'millrace-idle-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'lines'), 'one\ntwo\n');
    await put('file', { 'connector.class': 'filestream-source', file: join(folder, 'lines'), topic: 'lines' });
    await put('sink', { 'connector.class': 'blackhole', topics: 'lines' });
    await standing('file', 'IDLE');
    await put('archive', {
      'connector.class': 's3',
      topics: 'lines',
      'store.url': `file://${folder}`,
      's3.bucket.name': 'archive',
      'flush.size': '1000000',
    });
    await standing('sink', 'IDLE');
    await standing('archive', 'IDLE');
    await sleep(STALL_MS + 2000);
    expect((await health('archive')).body).toMatchObject({
      status: 'healthy',
      tasks: [{ standing: 'IDLE', idle: '1 open file is not due yet' }],
    });
    const [file, sink] = [await health('file'), await health('sink')];
    expect(file.body).toMatchObject({ status: 'healthy', tasks: [{ standing: 'IDLE', at: 'waiting' }] });
    expect(file.body.tasks[0]?.idle).toContain('has no whole line after byte 8');
    expect(sink.body).toMatchObject({
      status: 'healthy',
      tasks: [{ standing: 'IDLE', idle: 'everything up to the high watermark is delivered' }],
    });
  });
});

describe('a Postgres source', () => {
  test('proves that it is idle by the server’s word, is STALLED at reading while the walsender is stopped, and recovers', async () => {
    const server = await startPostgres();
    onTestFinished(() => server.stop());
    worker = await startLocalWorker(OPTIONS);
    await server.sql('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)');
    await put('shop', {
      'connector.class': 'postgres',
      ...databaseOptions(server),
      'topic.prefix': 'shop',
      'status.update.interval.ms': '500',
    });
    await standing('shop', 'IDLE');
    await sleep(STALL_MS + 1500);
    const idle = await health('shop');
    expect(idle.body).toMatchObject({ status: 'healthy', tasks: [{ standing: 'IDLE', at: 'waiting' }] });
    expect(idle.body.tasks[0]?.idle).toMatch(/^the server has sent everything up to [0-9A-F]+\/[0-9A-F]+$/);

    const [row] = await server.sql('SELECT active_pid FROM pg_replication_slots');
    const pid = Number(row?.['active_pid']);
    process.kill(pid, 'SIGSTOP');
    try {
      await stalled('shop');
      expect((await health('shop')).body.tasks[0]).toMatchObject({ state: 'RUNNING', stalled: { stage: 'reading' } });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await standing('shop', 'IDLE');
    expect((await health('shop')).body.status).toBe('healthy');
  });
});

const mount = await mkdtemp(join(tmpdir(), 'millrace-stall-disk-'));
const impossible = await run('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', mount]).then(
  () => null,
  (error: Error) => `no tmpfs mounts here: ${error.message.split('\n')[0]}`,
);
if (impossible !== null && process.env['CI']) throw new Error(impossible);

describe.skipIf(impossible !== null)(`a full disk${impossible === null ? '' : ` (${impossible})`}`, () => {
  afterAll(async () => {
    await run('umount', ['-l', mount]);
    await rm(mount, { recursive: true, force: true });
  });

  test('stalls a source that has records for it, tells why, and lets it go on once there is room', async () => {
    worker = await startLocalWorker(
      { ...OPTIONS, 'millrace.hub.min.free.bytes': String(16 * 2 ** 20), 'errors.retry.delay.max.ms': '500' },
      mount,
    );
    await put('feed', feed);
    await shows('records flow', async () => (await health('feed')).body.status === 'healthy');
    const ballast = join(mount, 'ballast');
    await writeFile(ballast, Buffer.alloc(46 * 2 ** 20, 1));
    await stalled('feed');
    const { body } = await health('feed');
    expect(body.message).toContain('STALLED at');
    expect(body.message).toContain('HUB_DISK_FULL');
    await rm(ballast);
    await shows('it goes on', async () => (await health('feed')).body.status === 'healthy');
  });
});
