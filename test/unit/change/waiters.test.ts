import { expect, test } from 'vitest';
import { BatchQueue } from '../../../runtime/change/batch-queue.ts';
import { Waiters } from '../../../runtime/change/waiters.ts';

const idle = new AbortController().signal;

test('waking lets all go on who wait, and none who comes later', async () => {
  const waiters = new Waiters();
  waiters.wake();
  const went: string[] = [];
  const first = waiters.wait(idle).then(() => went.push('first'));
  const second = waiters.wait(idle).then(() => went.push('second'));
  waiters.wake();
  await Promise.all([first, second]);
  const later = waiters.wait(idle).then(() => went.push('later'));
  expect(went).toEqual(['first', 'second']);
  waiters.wake();
  await later;
});

test('a wait ends with the reason of its own signal, and leaves the others waiting', async () => {
  const waiters = new Waiters();
  const stop = new AbortController();
  const stopped = waiters.wait(stop.signal);
  const other = waiters.wait(idle);
  stop.abort(new Error('stopped'));
  await expect(stopped).rejects.toThrow('stopped');
  await expect(waiters.wait(stop.signal)).rejects.toThrow('stopped');
  waiters.wake();
  await other;
});

test('a queue that failed still hands out what it holds', async () => {
  const queue = new BatchQueue();
  const batch = { records: [], progress: [] };
  const waiting = queue.wait(idle);
  expect(queue.wanted).toBe(true);
  queue.push(batch);
  await waiting;
  expect(queue.wanted).toBe(false);
  queue.fail(new Error('lost'));
  queue.fail(new Error('later'));
  expect(queue.shift()).toBe(batch);
  expect(() => queue.shift()).toThrow('lost');
});
