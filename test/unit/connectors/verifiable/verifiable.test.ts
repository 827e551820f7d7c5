import { expect, test } from 'vitest';
import { verifiableSink, verifiableSource } from '../../../../connectors/verifiable/connector.ts';
import { silentContext } from '../../../../runtime/connector/conformance/silent-context.ts';
import type { TaskContext } from '../../../../runtime/connector/context.ts';
import type { SinkRecord } from '../../../../runtime/connector/sink.ts';
import { realEnv } from '../../../../runtime/env/real.ts';

const { signal } = new AbortController();

function listening(): { context: TaskContext; lines: [string, object | undefined][] } {
  const lines: [string, object | undefined][] = [];
  const nothing = (): void => undefined;
  const info = (message: string, fields?: object): void => void lines.push([message, fields]);
  return { context: { ...silentContext('v'), log: { debug: nothing, warn: nothing, error: nothing, info } }, lines };
}

test('counts on from the number after the stored one, and says what it produced and what was committed', async () => {
  const { context, lines } = listening();
  const task = verifiableSource.createTask({ topic: 't', id: '3' });
  await task.open({ offsets: [{ partition: { id: 3 }, offset: { seqno: 41 } }], env: realEnv, context, signal });
  const batch = await task.read(signal);
  const [first] = Array.isArray(batch?.records) ? batch.records : [];
  expect(first).toMatchObject({ topic: 't', key: { value: 3 }, value: { value: 42n } });
  expect(lines[0]).toMatchObject(['produced', { name: 'v', task: 3, topic: 't', seqno: 42 }]);
  await task.committed?.({ id: 3 }, { toOffset: () => ({ seqno: 42 }) });
  expect(lines.at(-1)).toMatchObject(['committed', { task: 3, seqno: 42, committed: true }]);
});

test('gives each task its number, and whole records where they are asked for', async () => {
  const plans = verifiableSource.plan({ topic: 't', 'complete.record.data': 'true' }, 2);
  expect(plans.map(({ id }) => id)).toEqual(['0', '1']);
  const task = verifiableSource.createTask(plans[1] ?? {});
  await task.open({ offsets: [], env: realEnv, context: silentContext('v'), signal });
  const batch = await task.read(signal);
  const [first] = Array.isArray(batch?.records) ? batch.records : [];
  expect(first?.value?.value).toMatchObject({ name: 'v', task: 1, topic: 't', seqno: 0n });
});

test('the sink says what it received, and again when it is flushed', async () => {
  const { context, lines } = listening();
  const task = verifiableSink.createTask({ id: '0' });
  await task.open({ env: realEnv, context, signal });
  const datum = { schema: null, value: 7 };
  const record: SinkRecord = {
    topic: 't',
    partition: 0,
    offset: 5n,
    timestampMs: 0,
    headers: [],
    rawKey: null,
    rawValue: Buffer.from('7'),
    tombstone: false,
    encoding: 'json',
    key: () => datum,
    value: () => datum,
  };
  expect((await task.write([record], signal)).durable.size).toBe(0);
  expect((await task.flush?.(signal))?.durable).toEqual(new Map([['t-0', 6n]]));
  expect(lines.map(([message]) => message)).toEqual(['received', 'flushed']);
  expect(lines[1]?.[1]).toMatchObject({ seqno: 7, offset: 5n, flushed: true });
});
