import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BatchBuilder } from '../../../runtime/hub/batch/batch-builder.ts';
import type { ConnectorPlan, Plan } from '../../../runtime/rest/api.ts';
import { violation } from '../../unit/rest/answer-schemas.ts';
import { startLocalWorker, type Answer, type LocalWorker } from './local-worker.ts';

type Config = Readonly<Record<string, string>>;

let folder: string;
let worker: LocalWorker;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-plan-'));
  worker = await startLocalWorker();
  await produce('orders', 10, (n) => `{"id":${n},"note":"order ${n}"}`);
});

afterAll(async () => {
  await worker.close();
  await rm(folder, { recursive: true, force: true });
});

async function produce(topic: string, count: number, value: (n: number) => string): Promise<void> {
  const { hub } = worker.worker;
  if ((await hub.admin.describe(topic)) === null) await hub.admin.createTopic(topic, 1);
  const producer = await hub.producer({ acks: 'all' });
  const builder = new BatchBuilder();
  for (let n = 0; n < count; n++) builder.add(1_700_000_000_000 + n, Buffer.from(`"k${n}"`), Buffer.from(value(n)));
  await producer.append(topic, 0, builder.finish());
  await producer.close();
}

function archive(more: Config = {}): Config {
  return {
    'connector.class': 's3',
    topics: 'orders',
    'store.url': `file://${folder}`,
    's3.bucket.name': 'archive',
    'flush.size': '4',
    ...more,
  };
}

/** Stored, but not running. */
async function store(name: string, config: Config): Promise<void> {
  const answer = await worker.request('POST', '/connectors', { name, config, initial_state: 'STOPPED' });
  expect(answer.status).toBe(201);
}

async function plan(name: string, config: Config, more: object = {}): Promise<Plan> {
  const answer = await worker.request('POST', '/plan', { connectors: [{ name, config }], ...more });
  expect(violation('POST', '/plan', answer.status, answer.text)).toBeNull();
  expect(answer.status).toBe(200);
  return answer.body as Plan;
}

async function planOf(name: string, config: Config, more: object = {}): Promise<ConnectorPlan> {
  const { connectors } = await plan(name, config, more);
  return connectors.find((one) => one.name === name) ?? Promise.reject(new Error('not in the plan'));
}

async function apply(name: string, config: Config, hash: string | null, more: object = {}): Promise<Answer> {
  const answer = await worker.request('POST', '/apply', { connectors: [{ name, config }], hash, ...more });
  expect(violation('POST', '/apply', answer.status, answer.text)).toBeNull();
  return answer;
}

describe('a plan', () => {
  it('says of a new sink what it would write, and writes nothing', async () => {
    const { action, keys, check, sample, errors } = await planOf('fresh', archive());
    expect({ action, errors, checked: check?.ok }).toEqual({ action: 'create', errors: [], checked: true });
    expect(keys.find(({ key }) => key === 'flush.size')).toEqual({
      key: 'flush.size',
      change: 'added',
      before: null,
      after: '4',
    });
    expect(sample).toMatchObject({
      from: 'hub',
      records: 10,
      before: null,
      after: { made: 10, dropped: 0, failed: 0 },
    });
    expect(sample?.outputs?.after).toEqual([
      { name: 'topics/orders/partition=0/orders+0+0000000000.json', records: 4, complete: true },
      { name: 'topics/orders/partition=0/orders+0+0000000004.json', records: 4, complete: true },
      { name: 'topics/orders/partition=0/orders+0+0000000008.json', records: 2, complete: false },
    ]);
    expect(await readdir(folder)).toEqual([]);
    expect((await worker.request('GET', '/connectors')).body).not.toContain('fresh');
  });

  it('looks at the last records only', async () => {
    const { sample } = await planOf('fresh', archive(), { sample: 3 });
    expect(sample).toMatchObject({ records: 3, differences: [{ offset: '7' }, { offset: '8' }, { offset: '9' }] });
  });

  it('compares what runs with what is proposed, key by key and record by record', async () => {
    await store('kept', archive());
    const masked = archive({
      transforms: 'mask',
      'transforms.mask.type': 'org.apache.kafka.connect.transforms.MaskField$Value',
      'transforms.mask.fields': 'note',
      'flush.size': '5',
    });
    const { action, keys, sample } = await planOf('kept', masked);
    expect(action).toBe('update');
    expect(keys.map(({ key, change }) => `${change} ${key}`)).toEqual([
      'changed flush.size',
      'added transforms',
      'added transforms.mask.fields',
      'added transforms.mask.type',
    ]);
    expect(sample).toMatchObject({ records: 10, same: 0, changed: 10, errors: [] });
    expect(sample?.differences[0]).toMatchObject({
      topic: 'orders',
      offset: '0',
      before: [{ topic: 'orders', value: '{"id":0,"note":"order 0"}' }],
      after: [{ topic: 'orders', value: '{"id":0,"note":""}' }],
    });
    expect(sample?.outputs?.after.map(({ records }) => records)).toEqual([5, 5]);
  });

  it('is empty, with nothing sampled, where the configuration is the stored one', async () => {
    const { changes, ok, connectors } = await plan('kept', archive());
    expect({ changes, ok }).toEqual({ changes: false, ok: true });
    expect(connectors[0]).toMatchObject({ action: 'unchanged', keys: [] });
    expect(connectors[0]?.sample).toBeUndefined();
  });

  it('tells the errors that real records would give, and what would become of them', async () => {
    const wrong = archive({
      transforms: 'time',
      'transforms.time.type': 'org.apache.kafka.connect.transforms.TimestampConverter$Value',
      'transforms.time.field': 'note',
      'transforms.time.format': 'yyyy-MM-dd',
      'transforms.time.target.type': 'Timestamp',
    });
    const stops = await plan('kept', wrong);
    expect(stops.ok).toBe(false);
    expect(stops.connectors[0]?.sample).toMatchObject({
      after: { made: 0, failed: 10 },
      errors: [{ stage: 'TRANSFORMATION', count: 10, stops: true, example: { topic: 'orders', offset: '0' } }],
    });
    const tolerated = await plan('kept', {
      ...wrong,
      'errors.tolerance': 'all',
      'errors.deadletterqueue.topic.name': 'dead',
    });
    expect(tolerated.ok).toBe(true);
    expect(tolerated.connectors[0]?.sample?.errors).toMatchObject([{ count: 10, stops: false }]);
  });

  it('shows a converter that does not fit what the topic holds', async () => {
    const { sample } = await planOf(
      'lines',
      {
        'connector.class': 'FileStreamSink',
        topics: 'orders',
        file: join(folder, 'lines.txt'),
        'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
        'value.converter.schemas.enable': 'true',
        'errors.tolerance': 'none',
      },
      {},
    );
    expect(sample?.errors).toMatchObject([{ count: 10, stops: true }]);
  });

  it('has every error of an invalid configuration, and no hash', async () => {
    const { hash, ok, connectors } = await plan('bad', archive({ 'flush.size': 'many', 'tasks.max': 'few' }));
    expect({ hash, ok }).toEqual({ hash: null, ok: false });
    expect(connectors[0]?.errors.map(({ key }) => key).toSorted()).toEqual(['flush.size', 'tasks.max']);
    expect(connectors[0]?.check).toBeUndefined();
  });

  it('runs a sample of the source through transforms and converter, written nowhere', async () => {
    const file = join(folder, 'input.txt');
    await writeFile(file, 'one\ntwo\nthree\n');
    const config = {
      'connector.class': 'FileStreamSource',
      file,
      topic: 'lines',
      transforms: 'wrap',
      'transforms.wrap.type': 'org.apache.kafka.connect.transforms.HoistField$Value',
      'transforms.wrap.field': 'line',
    };
    const { sample } = await planOf('src', config, { sample: 2 });
    expect(sample).toMatchObject({ from: 'upstream', records: 2, after: { made: 2 } });
    expect(sample?.differences[0]?.after).toMatchObject([{ topic: 'lines', value: '{"line":"one"}' }]);
    expect(sample?.schemas).toContainEqual({
      topic: 'lines',
      part: 'value',
      field: 'line',
      before: null,
      after: 'string',
    });
    expect(await worker.worker.hub.admin.describe('lines')).toBeNull();
  });

  it('shows no secret, of the configuration or of the records, but that it changes', async () => {
    await produce('leaks', 1, () => '{"text":"n3ver-shown-0 is a secret"}');
    const config = archive({ topics: 'leaks', 'aws.secret.access.key': 'n3ver-shown-0', 'aws.access.key.id': 'id' });
    await store('secretive', config);
    const answer = await worker.request('POST', '/plan', {
      connectors: [
        { name: 'secretive', config: { ...config, 'aws.secret.access.key': 'n3ver-shown-1', topics: 'leaks,orders' } },
      ],
    });
    expect(answer.text).not.toContain('n3ver-shown');
    expect((answer.body as Plan).connectors[0]?.keys).toContainEqual({
      key: 'aws.secret.access.key',
      change: 'changed',
      before: '[hidden]',
      after: '[hidden]',
    });
  });
});

describe('applying a plan', () => {
  it('does exactly that, and a second time there is nothing to do', async () => {
    const config = archive({ 'flush.size': '7' });
    const { hash } = await plan('applied', config, { sample: 0 });
    expect((await apply('applied', config, hash)).body).toEqual({ applied: [{ name: 'applied', result: 'created' }] });
    const again = await plan('applied', config);
    expect(again.changes).toBe(false);
    expect((await apply('applied', config, again.hash)).body).toEqual({
      applied: [{ name: 'applied', result: 'unchanged' }],
    });
  });

  it('is refused where the stored configuration, or the proposed one, has changed since', async () => {
    await store('moving', archive());
    const config = archive({ 'flush.size': '9' });
    const { hash } = await plan('moving', config, { sample: 0 });
    const other = await apply('moving', archive({ 'flush.size': '10' }), hash);
    expect(other).toMatchObject({ status: 409, body: { error_code: 409 } });
    await worker.request('PATCH', '/connectors/moving/config', { 'flush.size': '8' });
    const late = await apply('moving', config, hash);
    expect(late.status).toBe(409);
    expect(late.text).toContain('no longer holds');
    expect((await worker.request('GET', '/connectors/moving/config')).body).toMatchObject({ 'flush.size': '8' });
  });

  it('holds a plan’s hash across a restart of the worker', async () => {
    const config = archive({ 'flush.size': '11' });
    const { hash } = await plan('later', config, { sample: 0 });
    await worker.stop();
    worker = await startLocalWorker({}, worker.path);
    expect((await apply('later', config, hash)).body).toEqual({ applied: [{ name: 'later', result: 'created' }] });
  });

  it('prunes only what the plan said', async () => {
    const config = archive();
    const planned = await plan('kept', config, { prune: true, sample: 0 });
    const gone = planned.connectors.filter(({ action }) => action === 'delete').map(({ name }) => name);
    expect(gone).toContain('moving');
    expect(gone).not.toContain('kept');
    await store('newcomer', config);
    expect((await apply('kept', config, planned.hash, { prune: true })).status).toBe(409);
    const fresh = await plan('kept', config, { prune: true, sample: 0 });
    expect((await apply('kept', config, fresh.hash, { prune: true })).status).toBe(200);
    expect((await worker.request('GET', '/connectors')).body).toEqual(['kept']);
  });
});
