import { expect, it } from 'vitest';
import type { Env } from '../../../../../runtime/env/env.ts';
import { realEnv } from '../../../../../runtime/env/real.ts';
import { DiskGuard } from '../../../../../runtime/hub/embedded/store/disk-guard.ts';

it('takes the first append after a full disk was freed, and then stops looking', async () => {
  const disk = { free: 0 };
  const ticks = new Set<() => void>();
  const every = (_ms: number, call: () => void) => {
    ticks.add(call);
    return { cancel: () => void ticks.delete(call) };
  };
  const files = { ...realEnv.files, freeBytes: async () => disk.free, stat: () => realEnv.files.stat('.') };
  const env: Env = { ...realEnv, files, timers: { ...realEnv.timers, every } };
  const guard = new DiskGuard(env, '.', 1000);
  await guard.look();
  expect(() => guard.take(10)).toThrow('1000 are kept');
  expect(guard.full).toBe(true);
  await realEnv.timers.yield();
  expect(ticks.size).toBe(1);
  disk.free = 1_000_000_000;
  for (const tick of ticks) tick();
  await expect.poll(() => guard.full).toBe(false);
  await expect.poll(() => ticks.size).toBe(0);
  guard.take(10);
});

it('does not look on after it was closed', async () => {
  let watching = 0;
  const every = () => {
    watching++;
    return { cancel: () => void watching-- };
  };
  const env: Env = {
    ...realEnv,
    files: { ...realEnv.files, freeBytes: async () => 0, stat: () => realEnv.files.stat('.') },
    timers: { ...realEnv.timers, every },
  };
  const guard = new DiskGuard(env, '.', 1000);
  await guard.look();
  expect(() => guard.take(10)).toThrow('1000 are kept');
  expect(watching).toBe(1);
  guard.close();
  expect(watching).toBe(0);
});

it('takes small batches of reserved topics from what it keeps, until a commit would not fit', async () => {
  const megabyte = 1024 * 1024;
  const disk = { free: 30 * megabyte };
  const env: Env = {
    ...realEnv,
    files: { ...realEnv.files, freeBytes: async () => disk.free, stat: () => realEnv.files.stat('.') },
    timers: { ...realEnv.timers, every: () => ({ cancel: () => {} }) },
  };
  const guard = new DiskGuard(env, '.', 64 * megabyte, ['statuses']);
  await guard.look();
  expect(() => guard.take(10, 'orders')).toThrow('are kept');
  expect(guard.full).toBe(true);
  guard.take(1000, 'statuses');
  // What waits still does.
  expect(guard.full).toBe(true);
  expect(() => guard.take(megabyte, 'statuses')).toThrow('are kept');
  expect(() => {
    for (let batch = 0; batch < 1000; batch++) guard.take(60_000, 'statuses');
  }).toThrow('are kept');
  expect(guard.nearlyFull).toBe(false);
  expect(() => guard.take(10)).toThrow('are kept');
  guard.close();
});
