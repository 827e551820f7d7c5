import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { WorkerPlanner } from '../../../../runtime/app/plan/worker-planner.ts';
import { realEnv } from '../../../../runtime/env/real.ts';
import { MillraceError } from '../../../../runtime/record/error.ts';
import { Redactor } from '../../../../runtime/observe/redactor.ts';
import { ConfigProviders } from '../../../../runtime/settings/providers.ts';
import { startTestWorker, type TestWorker } from '../../cluster/test-worker.ts';

let worker: TestWorker;
let folder: string;
let planner: WorkerPlanner;

const config = (topic: string): Record<string, string> => ({
  'connector.class': 'FileStreamSource',
  file: '/tmp/none',
  topic,
});

beforeEach(async () => {
  worker = await startTestWorker();
  folder = await mkdtemp(join(tmpdir(), 'millrace-plan-'));
  const { catalog, configs, hub } = worker;
  planner = new WorkerPlanner({
    env: realEnv,
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    herder: worker.herder,
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

it.each(['patched', 'deleted'])(
  'one whose connector is %s at the same time is carried out whole, or not at all',
  async (how) => {
    const change = (): Promise<unknown> =>
      how === 'patched' ? worker.herder.patchConfig('old2', { topic: 'other' }) : worker.herder.delete('old2', false);
    for (let turns = 0; turns < 25; turns++) {
      const hash = await planned();
      const before = worker.configs.names();
      const applying = planner.apply({ connectors, prune: true, hash }).then(
        () => 'applied',
        (error: unknown) => (error as MillraceError).code,
      );
      for (let turn = 0; turn < turns; turn++) await realEnv.timers.yield();
      const changed = await change().then(
        () => 'changed',
        (error: unknown) => (error as MillraceError).code,
      );
      const outcome = await applying;
      const left = worker.configs.names();
      if (outcome === 'applied') expect([changed, left]).toEqual(['CONNECTOR_NOT_FOUND', ['kept', 'made']]);
      else expect([outcome, changed]).toEqual(['PLAN_CHANGED', 'changed']);
      if (outcome !== 'applied') expect(before.filter((name) => name !== 'old2' && !left.includes(name))).toEqual([]);
      await worker.herder.delete('made', false).catch(() => {});
      for (const name of ['old1', 'old2', 'old3']) await worker.herder.putConfig(name, config(name));
    }
  },
);

it('one that ends midway says what was done and what was not, and is finished by the next', async () => {
  const hash = await planned();
  const full = new MillraceError('HUB_DISK_FULL', 'the disk is full', { kind: 'full' });
  const remove = worker.configs.delete.bind(worker.configs);
  const spy = vi.spyOn(worker.configs, 'delete').mockImplementationOnce(remove).mockRejectedValueOnce(full);
  const error = await planner.apply({ connectors, prune: true, hash }).catch((thrown: unknown) => thrown);
  spy.mockRestore();
  expect(error).toMatchObject({
    code: 'PLAN_HALF_APPLIED',
    kind: 'full',
    message:
      'the plan was carried out in part. Done: made created, old1 deleted. Not done: old2 (delete), old3 (delete). It ended at old2: the disk is full',
  });
  await planner.apply({ connectors, prune: true, hash: await planned() });
  expect(worker.configs.names()).toEqual(['kept', 'made']);
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
