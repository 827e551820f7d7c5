import { describe, expect, it } from 'vitest';
import { StallGuard } from '../../../runtime/cluster/stall-guard.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import type { TaskView } from '../../../runtime/task/host.ts';
import type { StallSettings } from '../../../runtime/task/thread/stall-settings.ts';

function view(more: Partial<TaskView>): TaskView {
  return {
    state: 'RUNNING',
    stage: 'test',
    stageSinceMs: 1,
    progressMs: 1,
    records: 0,
    bytes: 0,
    recordsPerSecond: 0,
    queuedBytes: 0,
    gauges: {},
    info: {},
    warnings: {},
    ...more,
  };
}

function bench(settings: StallSettings = { timeoutMs: 5000, action: 'report' }) {
  let nowMs = 0;
  const env = { ...realEnv, clock: { ...realEnv.clock, monotonicMs: () => nowMs } };
  const logged: string[] = [];
  const restarted: string[] = [];
  const log = {
    debug: () => {},
    info: () => {},
    error: () => {},
    warn: (message: string) => void logged.push(message),
  };
  const seen = { view: view({}) };
  const guard = new StallGuard({
    env,
    log,
    tasks: () => [{ connector: 'c', task: 0, view: seen.view, settings }],
    restart: (connector, task) => void restarted.push(`${connector}-${task}`),
  });
  /** Looks every second. */
  const pass = (seconds: number): void => {
    for (let second = 0; second < seconds; second++) {
      nowMs += 1000;
      guard.look();
    }
  };
  guard.look();
  return { guard, pass, seen, logged, restarted };
}

describe('the guard of progress', () => {
  it('tells a task that stands still after its time, once, and that it goes on', () => {
    const { guard, pass, seen, logged } = bench();
    pass(4);
    expect(guard.stall('c', 0)).toBeNull();
    pass(3);
    expect(guard.stall('c', 0)).toEqual({ stage: 'test', sinceMs: 1, timeoutMs: 5000, problem: null });
    expect(logged).toEqual(['task makes no progress: it stands at test']);
    seen.view = view({ progressMs: 2 });
    pass(1);
    expect(guard.stall('c', 0)).toBeNull();
  });

  it('takes a set clock for what it is: only whether progress changes counts', () => {
    const { guard, pass, seen } = bench();
    for (let hour = 0; hour < 10; hour++) {
      seen.view = view({ progressMs: 10 - hour });
      pass(4);
    }
    expect(guard.stall('c', 0)).toBeNull();
  });

  it.each(['PAUSED', 'STOPPED', 'FAILED', 'ENDED'] as const)('leaves a task alone that is %s', (state) => {
    const { guard, pass, seen } = bench();
    seen.view = view({ state });
    pass(60);
    expect(guard.stall('c', 0)).toBeNull();
    seen.view = view({});
    pass(4);
    expect(guard.stall('c', 0)).toBeNull();
  });

  it('tells one that is starting for too long, with what it suffers from, and starts none anew that has not run', () => {
    const { guard, pass, seen, restarted } = bench({ timeoutMs: 5000, action: 'restart' });
    seen.view = view({ state: 'STARTING', warnings: { TASK_RETRYING: 'no server' } });
    pass(30);
    expect(guard.stall('c', 0)).toMatchObject({ stage: 'starting', problem: 'TASK_RETRYING: no server' });
    expect(restarted).toEqual([]);
  });

  it('starts a stalled task again where it should, at most once in its time', () => {
    const { guard, pass, restarted } = bench({ timeoutMs: 5000, action: 'restart' });
    pass(6);
    expect(restarted).toEqual(['c-0']);
    pass(4);
    expect(restarted).toHaveLength(1);
    pass(20);
    expect(restarted.length).toBeGreaterThan(2);
    expect(guard.restarts('c', 0)).toBe(restarted.length);
  });

  it('never stalls what has no time-out', () => {
    const { guard, pass } = bench({ timeoutMs: 0, action: 'restart' });
    pass(1000);
    expect(guard.stall('c', 0)).toBeNull();
  });
});
