import { access, chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BatchBuilder } from '../../../runtime/hub/batch/batch-builder.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { CompactedTopic, type CompactedRecord } from '../../../runtime/store/compacted-topic.ts';
import { until } from '../../until.ts';
import { startLocalWorker, type LocalWorker } from './local-worker.ts';

let folder: string;
const workers: LocalWorker[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-rest-'));
});

afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.close();
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function start(...args: Parameters<typeof startLocalWorker>): Promise<LocalWorker> {
  const worker = await startLocalWorker(...args);
  workers.push(worker);
  return worker;
}

async function produce(worker: LocalWorker, topic: string, count: number): Promise<void> {
  const { hub } = worker.worker;
  if ((await hub.admin.describe(topic)) === null) await hub.admin.createTopic(topic, 1);
  const producer = await hub.producer({ acks: 'all' });
  const builder = new BatchBuilder();
  for (let index = 0; index < count; index++) builder.add(1, null, Buffer.from(`{"n":${index}}`));
  await producer.append(topic, 0, builder.finish());
  await producer.close();
}

function archive(more: Record<string, string> = {}): Record<string, string> {
  return {
    'connector.class': 's3',
    topics: 'orders',
    'store.url': `file://${folder}`,
    's3.bucket.name': 'archive',
    'flush.size': '2',
    ...more,
  };
}

function change(to: number): object {
  const partition = { kafka_topic: 'orders', kafka_partition: 0 };
  return { offsets: [{ partition, offset: { kafka_offset: to } }] };
}

/** Everything the internal topics hold, as text. */
async function internalTopics(worker: LocalWorker): Promise<string> {
  const texts: string[] = [];
  for (const topic of ['millrace-configs', 'millrace-statuses']) {
    const apply = ({ key, value }: CompactedRecord): void => {
      texts.push(key, value?.toString() ?? '');
    };
    const store = await CompactedTopic.open(
      { hub: worker.worker.hub, env: realEnv, topic, partitions: 1, apply },
      new AbortController().signal,
    );
    await store.close();
  }
  return texts.join();
}

async function states(worker: LocalWorker, name: string): Promise<string> {
  const { body } = await worker.request('GET', `/connectors/${name}/status`);
  const { connector, tasks } = body as { connector?: { state: string }; tasks?: { state: string }[] };
  return [connector?.state ?? '-', ...(tasks ?? []).map(({ state }) => state)].join(' ');
}

describe('a worker on an embedded hub', () => {
  it('resumes its connectors after a restart, and a stopped one stays stopped', async () => {
    const first = await startLocalWorker();
    await produce(first, 'orders', 4);
    await first.request('PUT', '/connectors/run/config', archive());
    await first.request('POST', '/connectors', { name: 'stopped', config: archive(), initial_state: 'STOPPED' });
    await until(async () => (await states(first, 'run')) === 'RUNNING RUNNING');
    await until(async () => (await states(first, 'stopped')) === 'STOPPED');
    await first.stop();

    const second = await start({}, first.path);
    await until(async () => (await states(second, 'run')) === 'RUNNING RUNNING');
    expect(await states(second, 'stopped')).toBe('STOPPED');
    expect((await second.request('GET', '/')).body).toMatchObject({ kafka_cluster_id: first.worker.hub.id });
    expect((await second.request('GET', '/connectors/run/topics')).body).toEqual({ run: { topics: ['orders'] } });
  });

  it('shows, alters and resets the offsets of a sink', async () => {
    const worker = await start();
    await produce(worker, 'orders', 4);
    await worker.request('PUT', '/connectors/sink/config', archive());
    const offset = async (): Promise<unknown> => {
      const { body } = await worker.request('GET', '/connectors/sink/offsets');
      return (body as { offsets: { offset: { kafka_offset: number } }[] }).offsets[0]?.offset.kafka_offset;
    };
    await until(async () => (await offset()) === 4);
    expect((await worker.request('PATCH', '/connectors/sink/offsets', change(1))).status).toBe(400);
    await worker.request('PUT', '/connectors/sink/stop');
    await until(async () => (await states(worker, 'sink')) === 'STOPPED');
    const altered = await worker.request('PATCH', '/connectors/sink/offsets', change(1));
    expect(altered).toMatchObject({
      status: 200,
      body: { message: 'The offsets for this connector have been altered successfully' },
    });
    expect(await offset()).toBe(1);
    expect((await worker.request('DELETE', '/connectors/sink/offsets')).status).toBe(200);
    expect(await offset()).toBeUndefined();
  });

  it('takes secrets from a file, and shows and stores the variable only', async () => {
    const secret = join(folder, 'aws.properties');
    await writeFile(secret, 'secret=hush-hush\n');
    const worker = await start();
    const config = archive({
      'aws.access.key.id': 'id',
      'aws.secret.access.key': `\${file:${secret}:secret}`,
    });
    expect((await worker.request('PUT', '/connectors/c/config', config)).status).toBe(201);
    await until(async () => (await states(worker, 'c')) === 'RUNNING RUNNING');
    const answers = await Promise.all(
      ['/connectors/c', '/connectors/c/config', '/connectors/c/tasks', '/connectors?expand=info', '/metrics'].map(
        (path) => worker.request('GET', path),
      ),
    );
    const stored = await internalTopics(worker);
    expect(stored).toContain('aws.secret.access.key');
    expect(stored).not.toContain('hush-hush');
    expect(answers.map(({ text }) => text).join()).not.toContain('hush-hush');
    expect(answers[1]?.body).toMatchObject({ 'aws.secret.access.key': config['aws.secret.access.key'] });
    expect(JSON.stringify(worker.lines)).not.toContain('hush-hush');
  });

  it('fails a task that cannot start, says why, and starts it once that is mended', async () => {
    const blocked = join(folder, 'a-file');
    await writeFile(blocked, '');
    const worker = await start();
    await produce(worker, 'orders', 2);
    const broken = archive({ 'store.url': `file://${blocked}`, 'errors.retry.timeout': '0' });
    await worker.request('PUT', '/connectors/c/config', broken);
    await until(async () => (await states(worker, 'c')) === 'RUNNING FAILED');
    const { body } = await worker.request('GET', '/connectors/c/tasks/0/status');
    expect((body as { trace: string }).trace).toMatch(/[A-Z]+_[A-Z_]+/);
    await worker.request('PUT', '/connectors/c/config', archive());
    await until(async () => (await states(worker, 'c')) === 'RUNNING RUNNING');
  });

  it('refuses a port that is taken, by its key, and makes no hub', async () => {
    const worker = await start();
    const port = new URL(worker.url).port;
    const at = join(folder, 'taken');
    await expect(startLocalWorker({ listeners: `http://127.0.0.1:${port}` }, at)).rejects.toMatchObject({
      code: 'REST_LISTEN_FAILED',
      key: 'listeners',
    });
    await expect(access(at)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('says so where others can look into the hub’s directory, which it leaves as it is', async () => {
    const warned = ({ lines }: LocalWorker) => lines.filter(({ message }) => message.includes('can look into'));
    expect(warned(await start())).toEqual([]);
    const at = join(folder, 'open');
    await mkdir(join(at, 'hub'), { recursive: true });
    await chmod(join(at, 'hub'), 0o755);
    const worker = await start({}, at);
    expect(warned(worker)).toMatchObject([{ level: 'warn', fields: { mode: '755', path: join(at, 'hub') } }]);
    expect((await stat(join(at, 'hub'))).mode & 0o777).toBe(0o755);
  });

  it('refuses a converter it does not have, and a wrong option of one, by key', async () => {
    const options = {
      'value.converter': 'com.example.Avro',
      'key.converter': 'json',
      'key.converter.schemas.enable': 'maybe',
    };
    await expect(startLocalWorker(options)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/key\.converter\.schemas\.enable[^]*value\.converter/),
    });
  });

  it('says that it has no Kafka hub yet', async () => {
    await expect(startLocalWorker({ 'bootstrap.servers': 'k:9092' })).rejects.toMatchObject({
      code: 'HUB_KAFKA_UNSUPPORTED',
      key: 'bootstrap.servers',
    });
  });
});
