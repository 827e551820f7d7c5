import { describe, expect, test } from 'vitest';
import type { SinkConnector, SourceConnector } from '../../../runtime/connector/connector.ts';
import { silentContext } from '../../../runtime/connector/conformance/silent-context.ts';
import { optionSet } from '../../../runtime/connector/options.ts';
import type { SinkTask } from '../../../runtime/connector/sink.ts';
import type { SourceTask } from '../../../runtime/connector/source.ts';
import type { Env } from '../../../runtime/env/env.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { guardedSink, guardedSource } from '../../../runtime/task/guarded-connector.ts';
import type { TaskRunContext } from '../../../runtime/task/task-run-context.ts';

const hung: string[] = [];
const contextOf = (env: Env): TaskRunContext =>
  ({
    env,
    hung: (what: string) => hung.push(what),
    spec: { config: { 'millrace.task.call.timeout.ms': '30' }, worker: {} },
  }) as unknown as TaskRunContext;
/** Where every limit is over as soon as it is set. */
const hasty: Env = {
  ...realEnv,
  timers: {
    ...realEnv.timers,
    after: (_ms, call) => {
      call();
      return { cancel: () => undefined };
    },
  },
};
const { signal } = new AbortController();
const base = { className: 'x', aliases: [], version: '1', options: optionSet('x', {}), plan: () => [{}] };
const never = (): Promise<never> => new Promise(() => undefined);

function source(part: Partial<SourceTask>, env = realEnv): SourceTask {
  const good: SourceTask = { open: async () => {}, read: async () => null, close: async () => {} };
  const connector: SourceConnector = {
    ...base,
    kind: 'source',
    exactlyOnce: true,
    createTask: () => ({ ...good, ...part }),
  };
  return guardedSource(contextOf(env), connector).createTask({});
}

function sink(part: Partial<SinkTask>, env = realEnv): SinkTask {
  const good: SinkTask = {
    open: async () => {},
    assign: async () => {},
    revoke: async () => new Map(),
    write: async () => ({ durable: new Map() }),
    close: async () => {},
  };
  const connector: SinkConnector = { ...base, kind: 'sink', createTask: () => ({ ...good, ...part }) };
  return guardedSink(contextOf(env), connector).createTask({});
}

const start = { env: realEnv, context: silentContext('x'), signal };

describe('a guarded task', () => {
  test('fails a call that does not settle in time, by its name', async () => {
    const overdue = { code: 'TASK_CALL_TIMEOUT', key: 'millrace.task.call.timeout.ms' };
    await expect(source({ open: never }, hasty).open({ ...start, offsets: [] })).rejects.toMatchObject(overdue);
    await expect(source({ committed: never }, hasty).committed?.({}, { toOffset: () => ({}) })).rejects.toThrow(
      'committed()',
    );
    await expect(sink({ open: never }, hasty).open(start)).rejects.toThrow('open() did not settle within 30 ms');
    await expect(sink({ assign: never }, hasty).assign([])).rejects.toThrow('assign()');
    await expect(sink({ write: never }, hasty).write([], signal)).rejects.toThrow('write()');
    await expect(sink({ flush: never }, hasty).flush?.(signal)).rejects.toThrow('flush()');
    await expect(sink({ revoke: never }, hasty).revoke([], { lost: false })).rejects.toThrow('revoke()');
    // Its thread is given up: what did not settle may go on at any time.
    expect(hung).toHaveLength(7);
    expect(hung[0]).toBe('open() did not settle within 30 ms');
  });

  test('lets a read wait', async () => {
    const { promise: row, resolve } = Promise.withResolvers<null>();
    let settled = false;
    const reading = source({ read: () => row }, hasty)
      .read(signal)
      .finally(() => (settled = true));
    await realEnv.timers.yield();
    expect(settled).toBe(false);
    resolve(null);
    expect(await reading).toBeNull();
  });

  test('has no methods that the task has not', () => {
    expect('committed' in source({})).toBe(false);
    expect('flush' in sink({})).toBe(false);
  });

  test('hands errors on as they are, and makes one of anything else', async () => {
    const error = new Error('its own');
    const thrower = source({
      read: () => {
        throw error;
      },
    });
    await expect(thrower.read(signal)).rejects.toBe(error);
    const odd = (value: unknown): Promise<never> => Promise.reject(value as Error);
    await expect(source({ read: () => odd(undefined) }).read(signal)).rejects.toThrow(
      'read() was rejected with undefined',
    );
    await expect(sink({ write: () => odd({ a: 1 }) }).write([], signal)).rejects.toThrow(
      'write() was rejected with { a: 1 }',
    );
  });

  test.each([undefined, 5, {}, { records: 'many' }])('refuses %s from read()', async (answer) => {
    await expect(source({ read: () => Promise.resolve(answer as never) }).read(signal)).rejects.toMatchObject({
      code: 'TASK_ANSWER_INVALID',
    });
  });

  test.each([undefined, {}, { durable: {} }])('refuses %s from write() and flush()', async (answer) => {
    const odd = sink({ write: () => Promise.resolve(answer as never), flush: () => Promise.resolve(answer as never) });
    await expect(odd.write([], signal)).rejects.toMatchObject({ code: 'TASK_ANSWER_INVALID' });
    await expect(odd.flush?.(signal)).rejects.toMatchObject({ code: 'TASK_ANSWER_INVALID' });
  });
});
