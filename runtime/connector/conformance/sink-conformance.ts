import { deepStrictEqual, ok } from 'node:assert/strict';
import { caseOver, inTime, plansWithin, type ConformanceCase } from './conformance-case.ts';
import { SinkWriting, type SinkDriver, type SinkSetting } from './sink-driver.ts';
import { givesRows, GIVES_ROWS, isRebuilt, IS_REBUILT } from './sink-target-cases.ts';

const CLOSE_MS = 5000;

type Proof = (driver: SinkDriver, setting: SinkSetting) => Promise<void>;

const CASES: readonly (readonly [string, Proof])[] = [
  ['plans at least one task and never more than it may', plans],
  ['closes before it was opened, and twice', closesUnopened],
  ['flushes and closes without partitions', closesEmpty],
  ['what it calls durable is in the target', isDurable],
  ['a task that starts at the durable offset completes what another left', isCompleted],
  ['takes a replay of records it has written', takesReplay],
  ['gives a partition up with what is durable, and another task goes on', givesUp],
  ['a partition that was lost is let go, and may come back', isLost],
  ['a dead letter given again is durable at once, and writing goes on', redrives],
  ['keeps partitions apart', keepsApart],
];

/**
 * What every sink connector must do, whatever its target: the contract of `SinkTask` as tests.
 * A new connector adds a driver and runs each case.
 */
export function sinkConformance(driver: SinkDriver): readonly ConformanceCase[] {
  const { rows, rebuild } = driver.connector;
  const cases = [
    ...CASES,
    ...(rows === undefined ? [] : [[GIVES_ROWS, givesRows] as const]),
    ...(rebuild === undefined ? [] : [[IS_REBUILT, isRebuilt] as const]),
  ];
  return cases.map(([name, prove]) =>
    caseOver(
      name,
      () => driver.setUp(),
      (setting) => prove(driver, setting),
    ),
  );
}

async function plans({ connector }: SinkDriver, { config }: SinkSetting): Promise<void> {
  plansWithin((most) => connector.plan(config, most));
}

async function closesUnopened(driver: SinkDriver, { config }: SinkSetting): Promise<void> {
  const task = driver.connector.createTask(driver.connector.plan(config, 1)[0] ?? config);
  await inTime(driver.env, CLOSE_MS, 'close() before open()', task.close());
  await inTime(driver.env, CLOSE_MS, 'close() again', task.close());
}

async function closesEmpty(driver: SinkDriver, setting: SinkSetting): Promise<void> {
  const writing = await SinkWriting.open(driver, setting);
  await writing.flush();
  await writing.close();
  await writing.close();
  deepStrictEqual(await setting.contents(), []);
}

async function isDurable(driver: SinkDriver, setting: SinkSetting): Promise<void> {
  const writing = await SinkWriting.open(driver, setting);
  await writing.assign(0, 0);
  for (let at = 0; at < 100; at += 10) {
    await writing.write(0, at, at + 10);
    await durableIsThere(writing, setting);
  }
  await writing.flush();
  await durableIsThere(writing, setting);
  await writing.close();
  await durableIsThere(writing, setting);
}

async function isCompleted(driver: SinkDriver, setting: SinkSetting): Promise<void> {
  const first = await SinkWriting.open(driver, setting);
  await first.assign(0, 0);
  await first.write(0, 0, 60);
  await first.flush();
  // Nothing is revoked: this is what a crash leaves.
  await first.close();
  await completes(driver, setting, Number(first.durableOf(0)));
}

async function takesReplay(driver: SinkDriver, setting: SinkSetting): Promise<void> {
  const writing = await SinkWriting.open(driver, setting);
  await writing.assign(0, 0);
  await writing.write(0, 0, 30);
  await writing.write(0, 10, 40);
  await writing.flush();
  await durableIsThere(writing, setting);
  await writing.close();
  await completes(driver, setting, Number(writing.durableOf(0)));
}

async function givesUp(driver: SinkDriver, setting: SinkSetting): Promise<void> {
  const writing = await SinkWriting.open(driver, setting);
  await writing.assign(0, 0);
  await writing.write(0, 0, 30);
  await writing.flush();
  const handed = await writing.revoke(0);
  for (const offset of handed.values()) ok(offset <= 30n, `offset ${offset} of 30 records`);
  await durableIsThere(writing, setting);
  await completes(driver, setting, Number(writing.durableOf(0)));
  await writing.close();
}

async function isLost(driver: SinkDriver, setting: SinkSetting): Promise<void> {
  const writing = await SinkWriting.open(driver, setting);
  await writing.assign(0, 0);
  await writing.write(0, 0, 10);
  const durable = Number(writing.durableOf(0));
  await writing.revoke(0, true);
  await writing.assign(0, durable);
  await writing.write(0, durable, 20);
  await writing.flush();
  await durableIsThere(writing, setting);
  await writing.close();
}

async function redrives(driver: SinkDriver, setting: SinkSetting): Promise<void> {
  const writing = await SinkWriting.open(driver, setting);
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
}

async function keepsApart(driver: SinkDriver, setting: SinkSetting): Promise<void> {
  const writing = await SinkWriting.open(driver, setting);
  await writing.assign(0, 0);
  await writing.assign(1, 1000);
  await writing.write(0, 0, 20);
  await writing.write(1, 1000, 1020);
  await writing.flush();
  await writing.revoke(0);
  await writing.write(1, 1020, 1030);
  await writing.flush();
  const contents = new Set(await setting.contents());
  for (let n = 0; n < Number(writing.durableOf(0)); n++) ok(contents.has(n), `record ${n} of partition 0 is missing`);
  for (let n = 1000; n < Number(writing.durableOf(1)); n++)
    ok(contents.has(n), `record ${n} of partition 1 is missing`);
  await writing.close();
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
