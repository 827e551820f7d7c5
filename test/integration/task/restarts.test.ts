import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MillraceError } from '../../../runtime/record/error.ts';
import { until } from '../../until.ts';
import { memorySource, MemoryUpstream } from './memory-source.ts';
import { TaskBench } from './task-bench.ts';

let bench: TaskBench;
let upstream: MemoryUpstream;

beforeEach(async () => {
  bench = await TaskBench.open();
  upstream = new MemoryUpstream();
  upstream.beforeRead = () => {
    throw new MillraceError('UPSTREAM_AWAY', 'nobody answers', { kind: 'unavailable' });
  };
});

afterEach(async () => {
  await bench.close();
});

describe('a task that fails', () => {
  test('says why it starts again and when, and forgets it when it runs', async () => {
    const { task } = bench.start(memorySource(upstream), { name: 'source', 'millrace.restart.backoff.ms': '400' });
    await until(() => task.view().restart !== undefined);
    const { restart, state } = task.view();
    expect(state).toBe('STARTING');
    expect(restart).toMatchObject({ code: 'UPSTREAM_AWAY', attempt: 1 });
    expect(restart?.trace).toMatch(/^UPSTREAM_AWAY: nobody answers\nStarts again by itself: .*attempt 1, at 20/);
    upstream.beforeRead = () => undefined;
    await until(() => task.view().state === 'RUNNING');
    expect(task.view().restart).toBeUndefined();
    await task.stop(2000);
  });

  test('stops when its budget is used up, and says so', async () => {
    const budget = { 'millrace.restart.max': '2', 'millrace.restart.backoff.ms': '1' };
    const { task } = bench.start(memorySource(upstream), { name: 'source', ...budget });
    await task.over;
    const { state, failure, gauges } = task.view();
    expect(state).toBe('FAILED');
    expect(gauges['restarts_total']).toBe(2);
    expect(failure?.trace).toMatch(/Not started again by itself: UPSTREAM_AWAY: .*2 times within 3600000 ms/);
  });

  test('of a kind that no restart mends is not started again, and says so', async () => {
    upstream.beforeRead = () => {
      throw new MillraceError('UPSTREAM_FORBIDDEN', 'no', { kind: 'permission' });
    };
    const { task } = bench.start(memorySource(upstream), { name: 'source' });
    await task.over;
    expect(task.view().failure?.trace).toContain(
      'Not started again by itself: UPSTREAM_FORBIDDEN: a restart does not mend',
    );
    expect(task.view().gauges['restarts_total']).toBeUndefined();
  });
});
