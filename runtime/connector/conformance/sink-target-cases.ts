import { deepStrictEqual, ok } from 'node:assert/strict';
import { MillraceError } from '../../record/error.ts';
import type { SinkTask } from '../sink.ts';
import { silentContext } from './silent-context.ts';
import { SinkWriting, type SinkDriver, type SinkSetting } from './sink-driver.ts';

/** Cases of sinks whose target can be read, or be built anew. */
export const GIVES_ROWS = 'gives the rows that its target holds, as `millrace verify` asks for them';
export const IS_REBUILT = 'is built anew beside what serves, as `millrace reindex` does it';

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
export async function givesRows(driver: SinkDriver, setting: SinkSetting): Promise<void> {
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
export async function isRebuilt(driver: SinkDriver, setting: SinkSetting): Promise<void> {
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
