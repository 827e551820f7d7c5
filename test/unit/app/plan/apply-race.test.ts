import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WorkerPlanner } from '../../../../runtime/app/plan/worker-planner.ts';
import type { Herder } from '../../../../runtime/cluster/herder.ts';
import { realEnv } from '../../../../runtime/env/real.ts';
import { Redactor } from '../../../../runtime/observe/redactor.ts';
import { ConfigProviders } from '../../../../runtime/settings/providers.ts';
import { startTestWorker, type TestWorker } from '../../cluster/test-worker.ts';

let worker: TestWorker;
let folder: string;
/** Happens right after the first deletion. */
let meanwhile: () => Promise<unknown>;
let planner: WorkerPlanner;

const config = (topic: string): Record<string, string> => ({
  'connector.class': 'FileStreamSource',
  file: '/tmp/none',
  topic,
});

beforeEach(async () => {
  worker = await startTestWorker();
  folder = await mkdtemp(join(tmpdir(), 'millrace-plan-'));
  meanwhile = async () => {};
  const { catalog, configs, hub } = worker;
  planner = new WorkerPlanner({
    env: realEnv,
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    herder: interrupted(worker.herder),
    hub,
    catalog,
    configs,
    providers: new ConfigProviders(realEnv, {}),
    redactor: new Redactor(),
    hubPath: folder,
    worker: {},
  });
  for (const name of ['kept', 'old1', 'old2', 'old3']) await worker.herder.putConfig(name, config(name));
});

afterEach(async () => {
  await worker.close();
  await rm(folder, { recursive: true });
});

function interrupted(herder: Herder): Herder {
  let deletions = 0;
  const deletes: Herder['delete'] = async (...given) => {
    await herder.delete(...given);
    if (++deletions === 1) await meanwhile();
  };
  return new Proxy(herder, {
    get(target, key) {
      if (key === 'delete') return deletes;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

const connectors = [
  { name: 'kept', config: config('kept') },
  { name: 'made', config: config('made') },
];

async function planned(): Promise<string> {
  const request = { connectors, prune: true, sample: 0, check: false };
  return (await planner.plan(request, AbortSignal.timeout(10_000))).hash ?? '';
}

it('a plan that changes before it is carried out changes nothing', async () => {
  const hash = await planned();
  await worker.herder.patchConfig('old3', { topic: 'other' });
  await expect(planner.apply({ connectors, prune: true, hash })).rejects.toMatchObject({ code: 'PLAN_CHANGED' });
  expect(worker.configs.names()).toEqual(['kept', 'old1', 'old2', 'old3']);
});

it.each([
  ['patched', () => worker.herder.patchConfig('old2', { topic: 'other' })],
  ['deleted', () => worker.herder.delete('old2', false)],
])('one whose connector is %s in the middle says what was done and what was not', async (_how, change) => {
  const hash = await planned();
  meanwhile = change;
  const error = await planner.apply({ connectors, prune: true, hash }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: 'PLAN_HALF_APPLIED',
    kind: 'conflict',
    message: expect.stringMatching(
      /in part\. Done: made created, old1 deleted\. Not done: old2 \(delete\), old3 \(delete\)\. It ended at old2: /,
    ),
  });
  expect(
    worker.configs
      .names()
      .filter((name) => name !== 'old2')
      .toSorted(),
  ).toEqual(['kept', 'made', 'old3']);
});

it('one that was half carried out is finished by the next', async () => {
  const hash = await planned();
  meanwhile = () => worker.herder.patchConfig('old2', { topic: 'other' });
  await expect(planner.apply({ connectors, prune: true, hash })).rejects.toThrow('in part');
  const { applied } = await planner.apply({ connectors, prune: true, hash: await planned() });
  expect(applied).toEqual([
    { name: 'kept', result: 'unchanged' },
    { name: 'made', result: 'unchanged' },
    { name: 'old2', result: 'deleted' },
    { name: 'old3', result: 'deleted' },
  ]);
});

it('a plan notes keys that nothing reads, and settings of Kafka clients', async () => {
  const noted = { ...config('kept'), team: 'data', 'producer.override.max.request.size': '1' };
  const request = { connectors: [{ name: 'kept', config: noted }], prune: false, sample: 0, check: false };
  const { connectors: plans } = await planner.plan(request, AbortSignal.timeout(10_000));
  expect(plans[0]?.errors).toEqual([]);
  expect(plans[0]?.notes).toEqual([
    'nothing reads team',
    expect.stringMatching(
      /^producer\.override\.max\.request\.size: settings of Kafka clients have no effect: the hub is/,
    ),
  ]);
});
