import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../../runtime/app/silent-log.ts';
import { mysqlConnector } from '../../../connectors/mysql/connector.ts';
import type { RewindTarget, RewoundPartition } from '../../../runtime/connector/rewind.ts';
import type { SourceOffset } from '../../../runtime/connector/source.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';
import { appOptions, MYSQL_VERSIONS } from '../../services/mysql.ts';
import type { RecordText } from '../change/debezium-records.ts';
import { useAppDatabase } from './use-app-database.ts';

const OPTIONS = {
  'include.schema.changes': 'false',
  'snapshot.mode': 'no_data',
  'connect.keep.alive.interval.ms': '300',
};
describe.each(MYSQL_VERSIONS)('a rewind on %s', (version) => {
  const app = useAppDatabase(version, 'create table app.t (id int primary key, v varchar(20))');

  const insert = (...ids: number[]): Promise<unknown> =>
    app.server.sql(...ids.map((id) => `insert into app.t values (${id}, 'v')`));

  const rewind = async (stored: readonly SourceOffset[], to: RewindTarget): Promise<readonly RewoundPartition[]> => {
    const call = {
      name: 'app',
      config: { name: 'app', ...appOptions(app.server), ...OPTIONS },
      env: realEnv,
      log: silentLog,
      signal: new AbortController().signal,
    };
    return (await mysqlConnector.rewind?.(call, stored, to)) ?? [];
  };

  /** Streams the ids, and gives what was stored after each. */
  const streamed = async (
    ...each: number[]
  ): Promise<{ stored: SourceOffset[]; after: JsonObject[]; times: number[] }> => {
    const run = await app.start(OPTIONS);
    const after: JsonObject[] = [];
    const times: number[] = [];
    for (const id of each) {
      // Their binlogs tell whole seconds.
      await sleep(version.startsWith('mariadb') || version === 'mysql-5.7' ? 1100 : 20);
      times.push(Date.now());
      await insert(id);
      await run.until((records) => ids(records).includes(id));
      await run.until(() => offsetOf(run.offsets.values()) !== undefined);
      await sleep(50);
      after.push(offsetOf(run.offsets.values()) ?? {});
    }
    await run.close();
    return { stored: [...run.offsets.values()], after, times };
  };

  const idsFrom = async ([back]: readonly RewoundPartition[], upTo: number): Promise<number[]> => {
    const offset = { partition: back?.partition ?? {}, offset: back?.to ?? {} };
    const run = await app.start(OPTIONS, [offset]);
    await run.until((records) => ids(records).includes(upTo));
    await run.close();
    return ids(run.records);
  };

  it('to a file and position reads again what begins there', async () => {
    const { stored, after } = await streamed(1, 2, 3);
    const back = await rewind(stored, {
      kind: 'binlog',
      binlog: `${String(after[0]?.['file'])}:${Number(after[0]?.['pos'])}`,
    });
    expect(back[0]).toMatchObject({ records: null, from: after[2] });
    expect(back[0]?.bytes).toBe(Number(after[2]?.['pos']) - Number(after[0]?.['pos']));
    expect(back[0]?.note).toContain('2 transactions of all databases');
    expect(back[0]?.to?.['gtids']).toBe(after[0]?.['gtids']);
    expect(await idsFrom(back, 3)).toEqual([2, 3]);
  });

  it('to a set of GTIDs reads again all others', async () => {
    const { stored, after } = await streamed(1, 2, 3);
    const back = await rewind(stored, { kind: 'binlog', binlog: String(after[1]?.['gtids']) });
    expect(await idsFrom(back, 3)).toEqual([3]);
    expect(await rewind(stored, { kind: 'binlog', binlog: String(after[2]?.['gtids']) })).toEqual([]);
  });

  it('to a time reads again what was committed since, in later files too', async () => {
    await app.server.sql('flush binary logs');
    await insert(-1);
    const { stored, times } = await streamed(1, 2);
    await app.server.sql('flush binary logs');
    const more = await app.start(OPTIONS, stored);
    await insert(3);
    await more.until((records) => ids(records).includes(3));
    await sleep(50);
    await more.close();
    const back = await rewind([...more.offsets.values()], { kind: 'time', timeMs: times[1] ?? 0 });
    expect(await idsFrom(back, 3)).toEqual([2, 3]);
    expect(await rewind([...more.offsets.values()], { kind: 'time', timeMs: Date.now() + 60_000 })).toEqual([]);
  });

  it('is refused where the place is gone, is none, or was not read', async () => {
    const { stored, after } = await streamed(1, 2);
    const at = (binlog: string): Promise<unknown> => rewind(stored, { kind: 'binlog', binlog });
    const [file, pos] = [String(after[0]?.['file']), Number(after[0]?.['pos'])];
    await expect(at(`${file}:${pos + 7}`)).rejects.toMatchObject({
      code: 'MYSQL_REWIND_TARGET',
      remedy: `The one that the place is in begins at ${file}:${pos}.`,
    });
    await expect(at(`${file}:99999999`)).rejects.toMatchObject({ code: 'MYSQL_REWIND_TARGET' });
    await expect(at(`${file.replace(/\d+$/, '999999')}:4`)).rejects.toMatchObject({ code: 'MYSQL_REWIND_TARGET' });
    await expect(at('now')).rejects.toMatchObject({ code: 'MYSQL_REWIND_TARGET', kind: 'config' });
    await expect(rewind(stored, { kind: 'offset', offset: 1n })).rejects.toMatchObject({ code: 'MYSQL_REWIND_TARGET' });
    await expect(rewind(stored, { kind: 'time', timeMs: 1000 })).rejects.toMatchObject({ code: 'MYSQL_REWIND_GONE' });
    await expect(rewind([], { kind: 'time', timeMs: 1000 })).rejects.toMatchObject({ code: 'MYSQL_REWIND_NOTHING' });
    await app.server.sql('flush binary logs');
    const [last] = (await app.server.sql('show binary logs')).slice(-1);
    for (let i = 0; i < 100 && (await app.server.sql('show binary logs')).length > 1; i++) {
      await app.server.sql(`purge binary logs to '${last?.['Log_name']}'`);
      await sleep(100);
    }
    await expect(at(`${file}:${pos}`)).rejects.toMatchObject({
      code: 'MYSQL_REWIND_GONE',
      key: 'binlog',
      remedy: expect.stringContaining(`${last?.['Log_name']}:4`) as string,
    });
    await expect(at(String(after[0]?.['gtids']))).rejects.toMatchObject({ code: 'MYSQL_REWIND_GONE' });
  });
});

function ids(records: readonly RecordText[]): number[] {
  return records.map(({ key }) => (JSON.parse(key ?? '{}') as { payload: { id: number } }).payload.id);
}

function offsetOf(offsets: Iterable<SourceOffset>): JsonObject | undefined {
  return [...offsets].find(({ partition }) => partition['snapshot'] === undefined)?.offset;
}
