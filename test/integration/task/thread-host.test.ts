import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { realEnv } from '../../../runtime/env/real.ts';
import { openHub } from '../../../runtime/hub/embedded/open.ts';
import type { TaskHandle, TaskState } from '../../../runtime/task/host.ts';
import { ThreadTaskHost } from '../../../runtime/task/thread/thread-host.ts';
import { until } from '../../until.ts';

let path: string;
let hub: Awaited<ReturnType<typeof openHub>>;
let host: ThreadTaskHost;
let logged: string[];

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'millrace-threads-'));
  hub = await openHub({ path, env: realEnv });
  logged = [];
  const log = (message: string): void => void logged.push(message);
  host = new ThreadTaskHost({
    env: realEnv,
    log: { debug: log, info: log, warn: log, error: log },
    entry: new URL('thread-entry.ts', import.meta.url),
    workerData: () => {
      const port = hub.server.connect();
      return Promise.resolve({ data: { port, path }, transfer: [port] });
    },
    isBuiltIn: (className) => !className.startsWith('Third'),
    threads: 2,
    maxHeapMb: 64,
    maxExternalMb: 150,
    stallMs: 4000,
  });
});

afterEach(async () => {
  await host.close();
  await hub.close();
  await rm(path, { recursive: true, force: true });
});

function start(
  className: string,
  name: string,
  config: Record<string, string> = {},
): TaskHandle & { states: TaskState[] } {
  const states: TaskState[] = [];
  const spec = {
    connector: name,
    task: 0,
    epoch: 0,
    className,
    config: { name, 'offset.flush.interval.ms': '20', ...config },
    worker: {},
    paused: false,
  };
  return Object.assign(
    host.start(spec, (view) => states.push(view.state)),
    { states },
  );
}

async function running(task: TaskHandle): Promise<void> {
  try {
    await until(() => task.view().records > 0, 60_000);
  } catch (error) {
    throw new Error(`${JSON.stringify(task.view())} ${logged.join('; ')}`, { cause: error });
  }
}

describe('thread host', () => {
  test('runs tasks in threads, started when they are needed, and reports', async () => {
    expect(host.threads).toBe(0);
    const tasks = ['a', 'b', 'c'].map((name) => start('Good', name));
    expect(host.threads).toBe(2);
    await Promise.all(tasks.map(running));
    for (const task of tasks) {
      expect(task.view().state).toBe('RUNNING');
      expect(await task.stop(3000)).toBe('stopped');
      expect(task.states).toEqual(['RUNNING', 'STOPPED', 'STOPPED']);
    }
  });

  test('a third-party connector has a thread of its own, which ends with it', async () => {
    const [a, b] = [start('ThirdParty', 'a'), start('ThirdParty', 'b')];
    const c = start('Good', 'c');
    expect(host.threads).toBe(3);
    await Promise.all([a, b, c].map(running));
    await a.stop(3000);
    await b.stop(3000);
    expect(host.threads).toBe(1);
    await c.stop(3000);
  });

  test('pauses and resumes', async () => {
    const task = start('Good', 'a');
    await running(task);
    task.pause();
    await until(() => task.view().state === 'PAUSED');
    task.resume();
    await until(() => task.view().state === 'RUNNING');
    await task.stop(3000);
  });

  test('a task that ignores its stop is terminated at the deadline; the other on its thread goes on', async () => {
    const others = [start('Good', 'x'), start('Good', 'y')];
    const hung = start('Hang', 'hung', { where: 'read' });
    await Promise.all([...others, hung].map(running));
    await until(() => hung.view().records >= 5);
    const from = performance.now();
    expect(await hung.stop(500)).toBe('terminated');
    expect(performance.now() - from).toBeLessThan(2000);
    expect(hung.view()).toMatchObject({ state: 'STOPPED', stage: 'terminated: it did not stop in time' });
    const restarted = others.filter((task) => task.view().gauges['thread_restarts_total'] === 1);
    expect(restarted).toHaveLength(1);
    const before = others.map((task) => task.view().progressMs);
    await until(() => others.every((task, i) => task.view().progressMs > (before[i] ?? 0)), 20_000);
    for (const task of others) expect(await task.stop(3000)).toBe('stopped');
  });

  test.each([
    ['Throw', 'read', 'a nasty error', 'TASK_FAILED'],
    ['Throw', 'open', 'a nasty error', 'TASK_FAILED'],
    ['Throw', 'committed', 'a nasty error', 'TASK_FAILED'],
    ['Uncaught', 'read', 'thrown from a timer', 'TASK_FAILED'],
    ['Reject', 'read', 'nobody caught this', 'TASK_FAILED'],
    ['Exit', 'read', 'process.exit(7)', 'TASK_THREAD_EXITED'],
    ['Memory', 'read', 'memory limit', 'TASK_OUT_OF_MEMORY'],
    ['Buffers', 'read', 'MiB of buffers', 'TASK_OUT_OF_MEMORY'],
  ])('%s in %s() fails the task with the true reason', async (className, where, message, code) => {
    const task = start(className, 'nasty', { where });
    await until(() => task.view().state === 'FAILED', 30_000);
    expect(task.view().failure?.message).toContain(message);
    expect(task.view().failure?.code).toBe(code);
  });

  test('an uncaught error is blamed on its own task; the other one starts again from its offsets', async () => {
    const [good, filler] = [start('Good', 'good'), start('Good', 'filler')];
    const nasty = start('Uncaught', 'nasty', { where: 'read' });
    await until(() => nasty.view().state === 'FAILED', 30_000);
    await until(() => [good, filler].every((task) => task.view().state === 'RUNNING'), 20_000);
    expect([good, filler].map((task) => task.view().gauges['thread_restarts_total'] ?? 0).sort()).toEqual([0, 1]);
    expect(nasty.view().gauges['thread_restarts_total']).toBeUndefined();
    expect([good, filler].map((task) => task.states.includes('FAILED'))).toEqual([false, false]);
    for (const task of [good, filler]) await task.stop(3000);
  });

  test('a task that blocks its thread is terminated, comes back alone, and fails when it does it again', async () => {
    const [x, y] = [start('Good', 'x'), start('Good', 'y')];
    const block = start('Block', 'block', { where: 'read' });
    await until(() => block.view().state === 'FAILED', 60_000);
    expect(block.view().failure?.code).toBe('TASK_STALLED');
    expect(block.view().gauges['thread_restarts_total']).toBe(1);
    await until(() => [x, y].every((task) => task.view().state === 'RUNNING'), 20_000);
    for (const task of [x, y]) await task.stop(3000);
    expect(logged.some((line) => line.includes('blocked its thread'))).toBe(true);
  });

  test('a task whose close never ends has failed or stopped all the same, and its thread is given up', async () => {
    const task = start('Hang', 'hung', { where: 'close' });
    await running(task);
    expect(await task.stop(500)).toBe('terminated');
    expect(host.threads).toBe(0);
  });

  test('a task in a crashed thread misses nothing', async () => {
    const task = start('Exit', 'nasty', { where: 'read' });
    await until(() => task.view().state === 'FAILED', 30_000);
    const again = start('Good', 'nasty');
    await until(() => again.view().records >= 20, 20_000);
    await again.stop(3000);
    const { latest } = await hub.admin.offsets({ topic: 'nasty', partition: 0 });
    expect(latest).toBeGreaterThanOrEqual(25n);
  });
});
