import { describe, expect, test } from 'vitest';
import type { TaskFailure } from '../../../../runtime/task/host.ts';
import { Restarts, type FailedRun } from '../../../../runtime/task/error/restarts.ts';
import { taskSettings } from '../../../../runtime/task/task-settings.ts';

const failure: TaskFailure = { code: 'X_DOWN', message: 'down', trace: 'X_DOWN: down', retry: 'retry' };
const run: FailedRun = { failure, openMs: 0, everOpened: true, full: false, hung: false };

function restarts(config: Record<string, string> = {}) {
  const clock = { at: 0, monotonicMs: () => clock.at };
  const policy = new Restarts(clock);
  const settings = taskSettings({ config, worker: {} });
  return { clock, fail: (more: Partial<FailedRun> = {}) => policy.decide({ ...run, ...more }, settings, 0) };
}

describe('restarts by themselves', () => {
  test('wait twice as long each time, up to the maximum', () => {
    const { fail } = restarts({ 'millrace.restart.backoff.ms': '10', 'millrace.restart.backoff.max.ms': '50' });
    const waits = [1, 2, 3, 4].map(() => fail()).map((one) => (one.kind === 'restart' ? one.waitMs : -1));
    expect(waits).toEqual([10, 20, 40, 50]);
  });

  test('errors.retry.delay.max.ms is the maximum where millrace’s own key is not set', () => {
    const { fail } = restarts({ 'errors.retry.delay.max.ms': '300' });
    fail();
    expect(fail()).toMatchObject({ waitMs: 300 });
  });

  test('a run longer than the longest wait begins anew', () => {
    const { fail } = restarts({ 'millrace.restart.backoff.ms': '10', 'millrace.restart.backoff.max.ms': '50' });
    for (let i = 0; i < 5; i++) fail();
    expect(fail({ openMs: 50 })).toMatchObject({ waitMs: 10, attempt: 1 });
  });

  test('the budget ends them, and time gives it back', () => {
    const { fail, clock } = restarts({ 'millrace.restart.max': '2', 'millrace.restart.window.ms': '1000' });
    expect([fail().kind, fail().kind]).toEqual(['restart', 'restart']);
    expect(fail()).toMatchObject({ kind: 'stop', why: expect.stringContaining('2 times within 1000 ms') as string });
    clock.at = 1001;
    expect(fail().kind).toBe('restart');
  });

  test('none with millrace.restart.max=0', () => {
    expect(restarts({ 'millrace.restart.max': '0' }).fail().kind).toBe('stop');
  });

  test('errors.retry.timeout ends them too', () => {
    const { fail, clock } = restarts({ 'errors.retry.timeout': '500' });
    expect(fail().kind).toBe('restart');
    clock.at = 500;
    expect(fail()).toMatchObject({ kind: 'stop', why: expect.stringContaining('errors.retry.timeout') as string });
  });

  test.each(['operator', 'never'] as const)('%s: not by itself', (retry) => {
    expect(restarts().fail({ failure: { ...failure, retry } })).toMatchObject({ kind: 'stop' });
  });

  test('a task whose code does not come back is not started again in its thread', () => {
    expect(restarts().fail({ hung: true }).kind).toBe('stop');
  });
});
