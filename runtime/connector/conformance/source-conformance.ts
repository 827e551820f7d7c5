import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict';
import { MillraceError } from '../../record/error.ts';
import { caseOver, inTime, plansWithin, type ConformanceCase } from './conformance-case.ts';
import { firstPlan, SourceReading, type SourceDriver, type SourceUpstream } from './source-driver.ts';

/** How soon an aborted read must have ended. */
const ABORT_MS = 2000;

type Proof = (driver: SourceDriver, upstream: SourceUpstream) => Promise<void>;

const CASES: readonly (readonly [string, Proof])[] = [
  ['plans at least one task and never more than it may', plans],
  ['closes before it was opened, and twice', closesUnopened],
  ['reads every record, in order, and says where it stands', readsInOrder],
  ['an aborted read ends with the reason of its signal', aborts],
  ['closes while a read is waiting', closesWhileReading],
  ['resumes after the stored offset: nothing is missing', resumes],
  ['reads again what was read and never stored, or says that it cannot', readsAgain],
  ['takes commits while it goes on reading', takesCommits],
  ['after a commit and a restart goes on where the stored offset says', goesOn],
];

/**
 * What every source connector must do, whatever its upstream: the contract of `SourceTask` as tests.
 * A new connector adds a driver and runs each case.
 */
export function sourceConformance(driver: SourceDriver): readonly ConformanceCase[] {
  return CASES.map(([name, prove]) =>
    caseOver(
      name,
      () => driver.setUp(),
      (upstream) => prove(driver, upstream),
    ),
  );
}

async function plans({ connector }: SourceDriver, { config }: SourceUpstream): Promise<void> {
  plansWithin((most) => connector.plan(config, most));
}

async function closesUnopened(driver: SourceDriver, upstream: SourceUpstream): Promise<void> {
  const task = driver.connector.createTask(firstPlan(driver.connector, upstream.config));
  await inTime(driver.env, ABORT_MS, 'close() before open()', task.close());
  await inTime(driver.env, ABORT_MS, 'close() again', task.close());
}

async function readsInOrder(driver: SourceDriver, upstream: SourceUpstream): Promise<void> {
  await using reading = closing(await SourceReading.open(driver, upstream, []));
  const names = await upstream.produce(25);
  await reading.value.readNames(25);
  beginsWith(reading.value.names, names);
  ok(reading.value.offsets.size > 0, 'no batch carried an offset');
}

async function closesWhileReading(driver: SourceDriver, upstream: SourceUpstream): Promise<void> {
  const reading = await SourceReading.open(driver, upstream, []);
  const pending = reading.task.read(reading.signal);
  pending.catch(() => undefined);
  await reading.close();
  await reading.close();
}

async function takesCommits(driver: SourceDriver, upstream: SourceUpstream): Promise<void> {
  await using reading = closing(await SourceReading.open(driver, upstream, []));
  const first = await upstream.produce(10);
  await reading.value.readNames(10);
  const second = await upstream.produce(10);
  await reading.value.readNames(20);
  beginsWith(reading.value.names, [...first, ...second]);
}

async function goesOn(driver: SourceDriver, upstream: SourceUpstream): Promise<void> {
  const first = await upstream.produce(10);
  const before = await SourceReading.open(driver, upstream, []);
  await before.readNames(10);
  const stored = before.stored;
  await before.close();
  beginsWith(before.names, first);
  const second = await upstream.produce(5);
  await using after = closing(await SourceReading.open(driver, upstream, stored));
  await after.value.readNames(5);
  containsInOrder(after.value.names, second);
  if (driver.connector.exactlyOnce) beginsWith(after.value.names, second);
}

async function aborts(driver: SourceDriver, upstream: SourceUpstream): Promise<void> {
  await using reading = closing(await SourceReading.open(driver, upstream, []));
  await upstream.produce(1);
  await reading.value.readNames(1);
  const reason = new Error('stop now');
  const pending = drained(reading.value);
  reading.value.stop(reason);
  await rejects(inTime(driver.env, ABORT_MS, 'the aborted read', pending), (error) => {
    strictEqual(error, reason);
    return true;
  });
}

/** Reads on, past progress without records, until a read rejects. */
async function drained(reading: SourceReading): Promise<never> {
  for (;;) {
    const batch = await reading.task.read(reading.signal);
    if (batch === null) throw new Error('the source ended');
    batch.release?.();
  }
}

async function readsAgain(driver: SourceDriver, upstream: SourceUpstream): Promise<void> {
  const names = await upstream.produce(10);
  const first = await SourceReading.open(driver, upstream, []);
  await first.readNames(10, true);
  const { stored } = first;
  await first.close();
  try {
    await using second = closing(await SourceReading.open(driver, upstream, stored));
    await second.value.readNames(10);
    deepStrictEqual(second.value.names.slice(0, 10), names);
  } catch (error) {
    // What it left upstream shows that an offset is missing: in doubt it stops (D16).
    if (!(error instanceof MillraceError) || error.kind !== 'position') throw error;
  }
}

async function resumes(driver: SourceDriver, upstream: SourceUpstream): Promise<void> {
  const names = await upstream.produce(20);
  let stored: SourceReading['stored'] = [];
  let stop = 1;
  const seen: string[] = [];
  for (let restarts = 0; new Set(seen).size < names.length; restarts++) {
    ok(restarts < names.length, `after ${restarts} restarts only ${new Set(seen).size} of ${names.length} were read`);
    const reading = await SourceReading.open(driver, upstream, stored);
    await reading.readNames(stop);
    seen.push(...reading.names);
    stored = reading.stored;
    await reading.close();
    stop = 3;
  }
  if (driver.connector.exactlyOnce) beginsWith(seen, names);
  else beginsWith([...new Set(seen)], names);
}

/** Every record once, in order. A source that never ends may have more to give, but none of them again. */
function beginsWith(seen: readonly string[], names: readonly string[]): void {
  deepStrictEqual(seen.slice(0, names.length), names);
  const again = seen.slice(names.length).filter((name) => names.includes(name));
  deepStrictEqual(again, [], 'records came again');
}

function containsInOrder(all: readonly string[], wanted: readonly string[]): void {
  deepStrictEqual(
    all.filter((name) => wanted.includes(name)),
    wanted,
  );
}

function closing(value: SourceReading): { readonly value: SourceReading; [Symbol.asyncDispose](): Promise<void> } {
  return { value, [Symbol.asyncDispose]: () => value.close() };
}
