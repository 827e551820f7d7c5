import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const CHILD = fileURLToPath(new URL('spin-child.ts', import.meta.url));

async function endOf(...args: readonly string[]): Promise<readonly [number | null, NodeJS.Signals | null]> {
  const child = spawn(process.execPath, [CHILD, ...args], { stdio: 'ignore' });
  const guard = setTimeout(() => child.kill('SIGKILL'), 20_000);
  const startedMs = performance.now();
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  clearTimeout(guard);
  expect(performance.now() - startedMs).toBeLessThan(15_000);
  return [code, signal];
}

test('a process that is to end at once ends with its status', async () => {
  expect(await endOf()).toEqual([130, null]);
});

test.runIf(process.platform === 'linux')(
  'one with a thread in a native call that never returns is killed',
  async () => {
    expect(await endOf('spin')).toEqual([null, 'SIGKILL']);
  },
);
