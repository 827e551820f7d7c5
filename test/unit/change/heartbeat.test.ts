import { expect, test } from 'vitest';
import { startHeartbeat } from '../../../runtime/change/heartbeat.ts';
import { silentContext } from '../../../runtime/connector/conformance/silent-context.ts';
import type { Env } from '../../../runtime/env/env.ts';

/** Heartbeats whose statements end when the test says so. */
function started(query: string | undefined) {
  const rows: string[] = [];
  const warnings: (string | null)[] = [];
  const statements: PromiseWithResolvers<void>[] = [];
  let beat = (): void => undefined;
  const env = {
    clock: { nowUs: () => 5n },
    timers: {
      every: (_ms: number, call: () => void) => {
        beat = call;
        return { cancel: () => undefined };
      },
    },
  } as unknown as Env;
  const context = {
    ...silentContext('h'),
    warning: (code: string, text: string | null) => void warnings.push(code === 'X_HEARTBEAT_FAILED' ? text : code),
  };
  startHeartbeat(
    env,
    context,
    { intervalMs: 10, query, topic: 't', prefix: 'p', warning: 'X_HEARTBEAT_FAILED' },
    {
      own: ({ topic }, text) => void rows.push(`${topic} ${text}`),
      run: () => {
        const statement = Promise.withResolvers<void>();
        statements.push(statement);
        return statement.promise;
      },
    },
  );
  return { rows, warnings, statements, beat: () => beat() };
}

test('each beat is a record, and one statement at a time', async () => {
  const { rows, warnings, statements, beat } = started('update h');
  beat();
  beat();
  expect(rows).toEqual(['t 5', 't 5']);
  expect(statements).toHaveLength(1);
  statements[0]?.reject(new Error('refused'));
  await expect.poll(() => warnings).toEqual(['refused']);
  beat();
  statements[1]?.resolve();
  await expect.poll(() => warnings).toEqual(['refused', null]);
});

test('without a statement there are records alone', () => {
  const { rows, statements, beat } = started(undefined);
  beat();
  expect([rows.length, statements.length]).toEqual([1, 0]);
});
