import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { TargetState } from '../../../runtime/store/configs.ts';
import { MemoryHub } from '../store/memory-hub.ts';
import { failure } from './fake-host.ts';
import { startTestWorker, until, type TestWorker } from './test-worker.ts';

/** What an operator may do to one of three connectors, without waiting for the last thing to be done. */
type Step =
  | { readonly kind: 'put'; readonly tasks: number }
  | { readonly kind: 'create'; readonly target: TargetState }
  | { readonly kind: 'target'; readonly target: TargetState }
  | { readonly kind: 'restart'; readonly includeTasks: boolean; readonly onlyFailed: boolean }
  | { readonly kind: 'delete' }
  | { readonly kind: 'fail' }
  | { readonly kind: 'yield' };

const target = fc.constantFrom<TargetState>('STARTED', 'PAUSED', 'STOPPED');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), tasks: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('create' as const), target }),
  fc.record({ kind: fc.constant('target' as const), target }),
  fc.record({ kind: fc.constant('restart' as const), includeTasks: fc.boolean(), onlyFailed: fc.boolean() }),
  fc.record({ kind: fc.constant('delete' as const) }),
  fc.record({ kind: fc.constant('fail' as const) }),
  fc.record({ kind: fc.constant('yield' as const) }),
);
const steps = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'a-0'), step), { maxLength: 25 });

function config(tasks: number): Record<string, string> {
  return { 'connector.class': 'FileStreamSink', topics: 't', 'tasks.max': String(tasks) };
}

async function take(worker: TestWorker, name: string, one: Step): Promise<unknown> {
  const { herder, host } = worker;
  switch (one.kind) {
    case 'put':
      return herder.putConfig(name, config(one.tasks));
    case 'create':
      return herder.create(name, config(2), one.target);
    case 'target':
      return herder.setTarget(name, one.target);
    case 'restart':
      return herder.restart(name, one);
    case 'delete':
      return herder.delete(name, false);
    case 'fail':
      return host.running.get(`${name}-0`)?.fail(failure('planted'));
    case 'yield':
      return until(() => true);
  }
}

/** Refusals are answers; anything else is a defect. */
async function attempt(worker: TestWorker, name: string, one: Step): Promise<void> {
  try {
    await take(worker, name, one);
  } catch (error) {
    if (!(error instanceof MillraceError) || !['missing', 'conflict'].includes(error.kind)) throw error;
  }
}

async function oneByOne(worker: TestWorker, sequence: readonly (readonly [string, Step])[]): Promise<void> {
  for (const [name, one] of sequence) {
    await attempt(worker, name, one);
    await worker.herder.settled();
    expectInLine(worker);
  }
}

/** What runs is what is stored, and nothing else; epochs only grow. */
function expectInLine(worker: TestWorker): void {
  const { configs, host, statuses } = worker;
  const wanted = configs.names().flatMap((name) => {
    const stored = configs.get(name);
    return stored === null || stored.target === 'STOPPED' ? [] : stored.tasks.map((_, task) => `${name}-${task}`);
  });
  expect([...host.running.keys()].toSorted()).toEqual(wanted.toSorted());
  for (const name of configs.names()) {
    const stored = configs.get(name);
    if (stored?.target === 'STARTED') expect(stored.tasks).toHaveLength(Number(stored.config['tasks.max']));
    expect(statuses.tasks(name).length).toBeLessThanOrEqual(stored?.tasks.length ?? 0);
  }
  const epochs = Map.groupBy(host.started, ({ connector, task }) => `${connector}/${task}`);
  for (const starts of epochs.values()) {
    const numbers = starts.map(({ epoch }) => epoch);
    expect(numbers).toEqual([...new Set(numbers)].toSorted((x, y) => x - y));
  }
}

it('whatever is asked of connectors in whatever order, what runs in the end is what is stored', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), async (sequence, waits) => {
      const hub = new MemoryHub();
      const worker = await startTestWorker(hub);
      if (waits) await oneByOne(worker, sequence);
      else await Promise.all(sequence.map(([name, one]) => attempt(worker, name, one)));
      await worker.herder.settled();
      expectInLine(worker);
      const names = worker.herder.names();
      await worker.close();
      expect(worker.host.running.size).toBe(0);
      const again = await startTestWorker(hub);
      await again.herder.settled();
      expect(again.herder.names().toSorted()).toEqual(names.toSorted());
      expectInLine(again);
      await again.close();
    }),
    { numRuns: 200 },
  );
}, 60_000);
