import { describe, expect, test } from 'vitest';
import type { Clock } from '../../../runtime/env/env.ts';
import { Quota } from '../../../runtime/task/quota.ts';
import { StageClock } from '../../../runtime/task/stage-clock.ts';
import { TaskReport } from '../../../runtime/task/task-report.ts';
import { WindowStat } from '../../../runtime/task/window-stat.ts';

class HandClock implements Clock {
  ms = 1000;
  nowMs = (): number => 1_700_000_000_000 + this.ms;
  nowUs = (): bigint => BigInt(this.nowMs()) * 1000n;
  monotonicMs = (): number => this.ms;
}

describe('the stage clock', () => {
  test('adds up the time of each stage, the present one included', () => {
    const clock = new HandClock();
    const at = new StageClock(clock);
    clock.ms += 10;
    at.enter('reading');
    clock.ms += 30;
    at.enter('converting');
    clock.ms += 5;
    at.enter('reading');
    clock.ms += 2;
    expect(at.spent()).toEqual({ starting: 10, reading: 32, converting: 5 });
    expect(at.stage).toBe('reading');
  });

  test('counts a wait as what it turned out to be', () => {
    const clock = new HandClock();
    const at = new StageClock(clock);
    at.enter('reading');
    clock.ms += 50;
    at.relabel('waiting');
    at.enter('writing');
    expect(at.spent()).toEqual({ waiting: 50 });
  });

  test('says the shares of the last ten seconds; together they are one', () => {
    const clock = new HandClock();
    const at = new StageClock(clock);
    at.enter('waiting');
    at.shares();
    for (let second = 0; second < 60; second++) {
      clock.ms += 1000;
      at.shares();
    }
    at.enter('writing');
    for (let second = 0; second < 4; second++) {
      clock.ms += 1000;
      at.shares();
    }
    expect(at.shares()).toEqual({ waiting: 0.6, writing: 0.4 });
  });
});

describe('a window statistic', () => {
  test('knows the last half minute to minute, and forgets what was before', () => {
    const stat = new WindowStat();
    expect([stat.max(0), stat.average(0), stat.min(0)]).toEqual([0, 0, 0]);
    stat.add(10, 0);
    stat.add(2, 1000);
    expect([stat.max(2000), stat.average(2000), stat.min(2000)]).toEqual([10, 6, 2]);
    stat.add(4, 31_000);
    expect([stat.max(31_000), stat.min(31_000)]).toEqual([10, 2]);
    expect([stat.max(62_000), stat.average(62_000), stat.min(62_000)]).toEqual([4, 4, 4]);
    expect(stat.max(200_000)).toBe(0);
  });
});

describe('a quota', () => {
  test('gives a second’s worth at once, then makes up for what was taken beyond it', () => {
    const clock = new HandClock();
    const quota = new Quota(clock, 100, undefined);
    quota.take(100, 1e9);
    expect(quota.debtMs()).toBe(0);
    quota.take(50, 0);
    expect(quota.debtMs()).toBe(500);
    clock.ms += 499;
    expect(quota.debtMs()).toBe(1);
    clock.ms += 1;
    expect(quota.debtMs()).toBe(0);
  });

  test('saves no more than that second while it rests', () => {
    const clock = new HandClock();
    const quota = new Quota(clock, 100, undefined);
    clock.ms += 60_000;
    quota.debtMs();
    quota.take(150, 0);
    expect(quota.debtMs()).toBe(500);
  });

  test('of records and bytes waits for the slower one, and is shared by the tasks of a connector', () => {
    const clock = new HandClock();
    const quota = new Quota(clock, 1000, 1000, 4);
    quota.take(250, 500);
    expect(quota.debtMs()).toBe(1000);
    expect(Quota.of({ config: {}, worker: {} }, clock).debtMs()).toBe(0);
    const own = { 'millrace.quota.records.per.second': '10' };
    const of = Quota.of({ config: own, worker: { 'millrace.quota.records.per.second': '1' } }, clock);
    of.take(20, 0);
    expect(of.debtMs()).toBe(1000);
  });

  test('lets a sink take a second’s worth in one go, one record at least', () => {
    const records = Array.from({ length: 100 }, () => ({ sizeBytes: 100 }));
    const portion = (perSecond: number | undefined, bytes: number | undefined, at = 0): number =>
      new Quota(new HandClock(), perSecond, bytes).portion(records, at);
    expect(portion(undefined, undefined)).toBe(100);
    expect(portion(30, undefined)).toBe(30);
    expect(portion(30, undefined, 90)).toBe(10);
    expect(portion(undefined, 1000)).toBe(10);
    expect(portion(5, 1000)).toBe(5);
    expect(portion(undefined, 1)).toBe(1);
    expect(new Quota(new HandClock(), 1, undefined, 4).portion(records, 0)).toBe(1);
  });

  test('that is no number is refused by its key', () => {
    const config = { 'millrace.quota.bytes.per.second': '1k' };
    expect(() => Quota.of({ config, worker: {} }, new HandClock())).toThrow(/millrace\.quota\.bytes\.per\.second/);
  });
});

describe('what a task says of its progress', () => {
  const quiet = (): void => undefined;
  function report(clock: Clock): TaskReport {
    const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
    return new TaskReport({ connector: 'c', task: 0, clock, log, changed: quiet });
  }

  test('proof of idleness is progress once it has lasted, and none while something is on its way', () => {
    const clock = new HandClock();
    const task = report(clock);
    const startMs = task.view().progressMs;
    task.idle('nothing there');
    expect(task.view()).toMatchObject({ progressMs: startMs, profile: { idle: 'nothing there' } });
    clock.ms += 1500;
    task.behind = () => ({ stage: 'producing', sinceMs: clock.ms - 1500 });
    task.idle('nothing there');
    expect(task.view().progressMs).toBe(startMs);
    task.behind = () => null;
    task.idle('nothing there');
    expect(task.view().progressMs).toBe(startMs + 1500);
    task.busy();
    expect(task.view().profile?.idle).toBeNull();
  });

  test('a task that reads on while the hub does not answer stands at producing', () => {
    const clock = new HandClock();
    const task = report(clock);
    task.at.enter('reading');
    const sinceMs = clock.ms;
    task.behind = () => ({ stage: 'producing', sinceMs });
    expect(task.view().profile?.at).toBe('reading');
    clock.ms += 2000;
    expect(task.view().profile).toMatchObject({ at: 'producing', atSinceMs: clock.nowMs() - 2000 });
  });

  test('a task that was paused stands still from its resumption on only', () => {
    const clock = new HandClock();
    const task = report(clock);
    task.state = 'RUNNING';
    clock.ms += 1000;
    task.state = 'PAUSED';
    clock.ms += 3000;
    task.state = 'RUNNING';
    expect(task.view()).toMatchObject({
      progressMs: clock.nowMs(),
      profile: { figures: { running_ms: 1000, paused_ms: 3000 } },
    });
  });
});
