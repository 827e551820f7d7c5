import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const LEAKING = fileURLToPath(new URL('harness/leaking-threads.ts', import.meta.url));
const THREADS = 40;

// With V8's own young generation the process is aborted at some of them.
test('threads that fill their heap end alone: the process stays', () => {
  const { status, signal, stdout } = spawnSync(process.execPath, [LEAKING, String(THREADS), '2'], {
    encoding: 'utf8',
    timeout: 150_000,
  });
  expect({ status, signal }).toEqual({ status: 0, signal: null });
  expect(stdout.trim().split('\n')).toEqual(Array<string>(THREADS).fill('ERR_WORKER_OUT_OF_MEMORY'));
}, 160_000);
