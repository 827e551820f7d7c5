import { beforeEach, describe, expect, it } from 'vitest';
import { StatusWriter } from '../../../runtime/cluster/status-writer.ts';
import type { Env, Timer } from '../../../runtime/env/env.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import type { StatusStore, StoredStatus } from '../../../runtime/store/statuses.ts';
import { memoryLog, type LogLine } from './test-worker.ts';

const status = (state: StoredStatus['state'], trace: string | null = null): StoredStatus => ({
  state,
  trace,
  worker_id: 'w',
  generation: 1,
  version: null,
});

let full: boolean;
let stored: string[];
let timers: (() => void)[];
let cancelled: number;
let lines: LogLine[];
let writer: StatusWriter;

beforeEach(() => {
  full = false;
  stored = [];
  timers = [];
  cancelled = 0;
  lines = [];
  const statuses = {
    putTask: async (_name: string, task: number, { state }: StoredStatus) => {
      if (full) throw new Error('the disk is full');
      stored.push(`${task} ${state}`);
    },
  } as unknown as StatusStore;
  const after = (_ms: number, run: () => void): Timer => {
    timers.push(run);
    return { cancel: () => void cancelled++ } as Timer;
  };
  const env: Env = { ...realEnv, timers: { ...realEnv.timers, after } };
  writer = new StatusWriter('c', { env, log: memoryLog(lines), statuses });
});

/** The time of the next try. */
async function again(): Promise<void> {
  timers.shift()?.();
  await writer.settled();
}

describe('statuses of tasks', () => {
  it('are written in the order of the changes', async () => {
    writer.put(0, status('UNASSIGNED'));
    writer.put(1, status('RUNNING'));
    writer.put(0, status('RUNNING'));
    await writer.settled();
    expect(stored).toEqual(['0 UNASSIGNED', '1 RUNNING', '0 RUNNING']);
    expect(writer.unwritten(0)).toBeNull();
  });

  it('that cannot be written are kept, the last of each task, and written when they can be', async () => {
    full = true;
    writer.put(0, status('UNASSIGNED', 'first'));
    writer.put(1, status('FAILED'));
    await writer.settled();
    writer.put(0, status('UNASSIGNED', 'second'));
    expect(writer.unwritten(0)?.trace).toBe('second');
    await writer.settled();
    await again();
    await again();
    expect(writer.unwritten(0)?.trace).toBe('second');
    expect(writer.unwritten(1)?.state).toBe('FAILED');
    expect(lines.map(({ message }) => message)).toEqual(['writing a status failed']);
    full = false;
    await again();
    expect(stored).toEqual(['0 UNASSIGNED', '1 FAILED']);
    expect([writer.unwritten(0), writer.unwritten(1)]).toEqual([null, null]);
    expect(timers).toEqual([]);
  });

  it('that are newer are not overwritten by what waited', async () => {
    full = true;
    writer.put(0, status('UNASSIGNED'));
    await writer.settled();
    full = false;
    writer.put(0, status('RUNNING'));
    await writer.settled();
    await again();
    expect(stored).toEqual(['0 RUNNING']);
  });

  it('are not written any more once the tasks have ended', async () => {
    full = true;
    writer.put(0, status('UNASSIGNED'));
    await writer.settled();
    await writer.close();
    expect(cancelled).toBe(1);
    full = false;
    await again();
    expect(stored).toEqual([]);
    expect(writer.unwritten(0)).toBeNull();
  });
});
