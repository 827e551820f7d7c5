import { deepStrictEqual, ok } from 'node:assert/strict';
import { inTime, type ConformanceCase } from './conformance-case.ts';
import { MillraceError } from '../../record/error.ts';
import type { SinkTask } from '../sink.ts';
import { silentContext } from './silent-context.ts';
import { SinkWriting, type SinkDriver, type SinkSetting } from './sink-driver.ts';

const CLOSE_MS = 5000;

/**
 * What every sink connector must do, whatever its target: the contract of `SinkTask` as tests.
 * A new connector adds a driver and runs each case.
 */
export function sinkConformance(driver: SinkDriver): readonly ConformanceCase[] {
  const on = (name: string, prove: (setting: SinkSetting) => Promise<void>): ConformanceCase => ({
    name,
    run: async () => {
      const setting = await driver.setUp();
      try {
        await prove(setting);
      } finally {
        await setting.tearDown();
      }
    },
  });
  const open = (setting: SinkSetting): Promise<SinkWriting> => SinkWriting.open(driver, setting);
  return [
    on('plans at least one task and never more than it may', async ({ config }) => {
      for (const most of [1, 2, 8]) {
        const { length } = driver.connector.plan(config, most);
        ok(length >= 1 && length <= most, `plan(…, ${most}) gave ${length} tasks`);
      }
    }),
    on('closes before it was opened, and twice', async ({ config }) => {
      const task = driver.connector.createTask(driver.connector.plan(config, 1)[0] ?? config);
      await inTime(driver.env, CLOSE_MS, 'close() before open()', task.close());
      await inTime(driver.env, CLOSE_MS, 'close() again', task.close());
    }),
    on('flushes and closes without partitions', async (setting) => {
      const writing = await open(setting);
      await writing.flush();
      await writing.close();
      await writing.close();
      deepStrictEqual(await setting.contents(), []);
    }),
    on('what it calls durable is in the target', async (setting) => {
      const writing = await open(setting);
      await writing.assign(0, 0);
      for (let at = 0; at < 100; at += 10) {
        await writing.write(0, at, at + 10);
        await durableIsThere(writing, setting);
      }
      await writing.flush();
      await durableIsThere(writing, setting);
      await writing.close();
      await durableIsThere(writing, setting);
    }),
    on('a task that starts at the durable offset completes what another left', async (setting) => {
      const first = await open(setting);
      await first.assign(0, 0);
      await first.write(0, 0, 60);
      await first.flush();
      // Nothing is revoked: this is what a crash leaves.
      await first.close();
      await completes(driver, setting, Number(first.durableOf(0)));
    }),
    on('takes a replay of records it has written', async (setting) => {
      const writing = await open(setting);
      await writing.assign(0, 0);
      await writing.write(0, 0, 30);
      await writing.write(0, 10, 40);
      await writing.flush();
      await durableIsThere(writing, setting);
      await writing.close();
      await completes(driver, setting, Number(writing.durableOf(0)));
    }),
    on('gives a partition up with what is durable, and another task goes on', async (setting) => {
      const writing = await open(setting);
      await writing.assign(0, 0);
      await writing.write(0, 0, 30);
      await writing.flush();
      const handed = await writing.revoke(0);
      for (const offset of handed.values()) ok(offset <= 30n, `offset ${offset} of 30 records`);
      await durableIsThere(writing, setting);
      await completes(driver, setting, Number(writing.durableOf(0)));
      await writing.close();
    }),
    on('a partition that was lost is let go, and may come back', async (setting) => {
      const writing = await open(setting);
      await writing.assign(0, 0);
      await writing.write(0, 0, 10);
      const durable = Number(writing.durableOf(0));
      await writing.revoke(0, true);
      await writing.assign(0, durable);
      await writing.write(0, durable, 20);
      await writing.flush();
      await durableIsThere(writing, setting);
      await writing.close();
    }),
    on('a dead letter given again is durable at once, and writing goes on', async (setting) => {
      const writing = await open(setting);
      await writing.assign(0, 0);
      await writing.write(0, 1, 30);
      await writing.flush();
      for (const id of ['first', 'first', 'second']) {
        if (!(await writing.redrive(0, 0, id))) break;
        ok(new Set(await setting.contents()).has(0), 'the record is missing');
      }
      await writing.write(0, 30, 60);
      await writing.flush();
      if (await writing.redrive(0, 0, 'third')) await durableIsThere(writing, setting);
      await writing.close();
    }),
    on('keeps partitions apart', async (setting) => {
      const writing = await open(setting);
      await writing.assign(0, 0);
      await writing.assign(1, 1000);
      await writing.write(0, 0, 20);
      await writing.write(1, 1000, 1020);
      await writing.flush();
      await writing.revoke(0);
      await writing.write(1, 1020, 1030);
      await writing.flush();
      const contents = new Set(await setting.contents());
      for (let n = 0; n < Number(writing.durableOf(0)); n++)
        ok(contents.has(n), `record ${n} of partition 0 is missing`);
      for (let n = 1000; n < Number(writing.durableOf(1)); n++)
        ok(contents.has(n), `record ${n} of partition 1 is missing`);
      await writing.close();
    }),
    ...(driver.connector.rows === undefined
      ? []
      : [
          on('gives the rows that its target holds, as `millrace verify` asks for them', (of) => givesRows(driver, of)),
        ]),
    ...(driver.connector.rebuild === undefined
      ? []
      : [on('is built anew beside what serves, as `millrace reindex` does it', (of) => isRebuilt(driver, of))]),
  ];
}

function call({ connector, env }: SinkDriver, { config }: SinkSetting) {
  return {
    name: 'conform',
    config,
    env,
    log: silentContext(connector.className).log,
    signal: new AbortController().signal,
  };
}

async function written(driver: SinkDriver, setting: SinkSetting, to: number, task?: SinkTask): Promise<void> {
  const writing = await SinkWriting.open(driver, setting, task);
  await writing.assign(0, 0);
  await writing.write(0, 0, to);
  await writing.flush();
  await writing.revoke(0);
  await writing.close();
}

/** Each once, and nothing else; a configuration that keeps no rows is refused as such. */
async function givesRows(driver: SinkDriver, setting: SinkSetting): Promise<void> {
  await written(driver, setting, 20);
  const numbers: number[] = [];
  try {
    for await (const row of driver.connector.rows?.(call(driver, setting), setting.topic) ?? [])
      numbers.push(setting.numberOf?.(row) ?? Number.NaN);
  } catch (error) {
    ok(error instanceof MillraceError && error.kind === 'config', `rows() failed: ${String(error)}`);
    return;
  }
  deepStrictEqual(
    numbers.toSorted((a, b) => a - b),
    Array.from({ length: 20 }, (_, n) => n),
  );
}

/** Readers see the old until the switch and the new after it; what was discarded leaves nothing behind, and what serves is not discarded. */
async function isRebuilt(driver: SinkDriver, setting: SinkSetting): Promise<void> {
  await written(driver, setting, 10);
  const of = call(driver, setting);
  for (const mark of ['first', 'second']) {
    const rebuild = await driver.connector.rebuild?.(of, [setting.topic], mark);
    ok(rebuild !== undefined);
    try {
      await rebuild.create({ keep: false }, of.signal);
      await written(driver, setting, 30, rebuild.createTask());
      await rebuild.refresh(of.signal);
      const built = await rebuild.built(of.signal);
      const counts = await Promise.all(built.map((one) => rebuild.count(one, of.signal)));
      deepStrictEqual(
        counts.reduce((sum, count) => sum + count, 0),
        30,
      );
      deepStrictEqual((await setting.contents()).length, 10, 'what serves was touched');
      if (mark === 'second') await rebuild.take(of.signal);
      // What serves by then stays.
      await rebuild.discard(of.signal);
      deepStrictEqual(new Set(await setting.contents()).size, mark === 'second' ? 30 : 10);
    } finally {
      await rebuild.close();
      await rebuild.close();
    }
  }
}

/** Everything before the durable offset of partition 0 is in the target (I1). */
async function durableIsThere(writing: SinkWriting, setting: SinkSetting): Promise<void> {
  const contents = new Set(await setting.contents());
  const durable = Number(writing.durableOf(0));
  for (let n = 0; n < durable; n++) ok(contents.has(n), `record ${n} is called durable (up to ${durable}) and missing`);
}

/** A new task from `from` on; writes up to 200 records, by which every sink has finished at least the old ones. */
async function completes(driver: SinkDriver, setting: SinkSetting, from: number): Promise<void> {
  const next = await SinkWriting.open(driver, setting);
  await next.assign(0, from);
  for (let at = from; at < 200; at += 20) await next.write(0, at, Math.min(at + 20, 200));
  await next.flush();
  await next.revoke(0);
  await next.close();
  const contents = new Set(await setting.contents());
  const durable = Math.max(from, Number(next.durableOf(0)));
  for (let n = 0; n < durable; n++) ok(contents.has(n), `record ${n} is missing; durable is ${durable}`);
  ok(durable >= from, `durable went back to ${durable} from ${from}`);
}
