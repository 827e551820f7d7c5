import { describe, expect, it } from 'vitest';
import { MysqlTask } from '../../../connectors/mysql/task.ts';
import type { SourceOffset } from '../../../runtime/connector/source.ts';
import { appOptions, MYSQL_VERSIONS } from '../../services/mysql.ts';
import type { RecordText } from '../change/debezium-records.ts';
import { EventRun } from '../change/event-run.ts';
import { pausesAfter, stopsAfter } from './stops-after.ts';
import { useAppDatabase } from './use-app-database.ts';

const ROWS = 1000;
const OPTIONS = {
  'include.schema.changes': 'false',
  'connect.keep.alive.interval.ms': '300',
  'millrace.snapshot.chunk.rows': '100',
};
const TABLES = [
  'create table app.n (id int primary key, n int not null)',
  `insert into app.n values ${rows((id) => `(${id}, 0)`)}`,
  'create table app.pair (k varchar(20), m binary(2), id int not null, n int not null, primary key (k, m))',
  `insert into app.pair values ${rows((id) => `('${id % 2 === 0 ? 'k' : 'K'}${id % 7}', unhex(lpad(hex(${id}), 4, '0')), ${id}, 0)`)}`,
  'create table app.bare (id int not null, n int not null)',
  `insert into app.bare values ${rows((id) => `(${id}, 0)`)}`,
];

interface Row {
  readonly id: number;
  readonly n: number;
  /** Of a table that got it. */
  readonly later?: number;
}

interface Change {
  readonly op: string;
  readonly before: Row | null;
  readonly after: Row | null;
  readonly source: { readonly snapshot: string; readonly table: string };
}

describe.each(MYSQL_VERSIONS)('a snapshot on %s', (version) => {
  const app = useAppDatabase(version, ...TABLES);
  const options = (more: Readonly<Record<string, string>>): Record<string, string> => ({
    name: 'app',
    ...appOptions(app.server),
    ...OPTIONS,
    ...more,
  });

  /** What was stored and had gone out when `chunks` batches of rows were taken. */
  const interrupted = async (
    batches: number,
    more: Readonly<Record<string, string>> = {},
  ): Promise<{ offsets: SourceOffset[]; records: RecordText[] }> => {
    const stopping = stopsAfter(new MysqlTask(options(more)), batches);
    const run = new EventRun(stopping.task, [], app.journals.open);
    await run.start();
    await stopping.stopped;
    await run.close();
    return { offsets: [...run.offsets.values()], records: run.records };
  };

  const expectEqual = async (records: readonly RecordText[], table: string): Promise<void> => {
    const stored = await app.server.sql(`select id, n from app.${table} order by id`);
    expect(folded(records, table)).toEqual(stored.map((row) => [Number(row['id']), Number(row['n'])]));
  };

  const seen = (run: EventRun, id: number): Promise<void> =>
    run.until(() => folded(run.records, 'n').some(([each]) => each === id), 60_000);

  it('that was interrupted goes on at the chunk it had reached, and no key goes back', async () => {
    const lists = { 'table.include.list': 'app.n,app.pair' };
    const first = await interrupted(6, lists);
    const sent = reads(first.records, 'n').length;
    expect(sent).toBeGreaterThanOrEqual(400);
    await app.server.sql(
      'update app.n set n = 1 where id % 3 = 0',
      'delete from app.n where id % 10 = 1',
      // From what is open to what is done, and the other way.
      'update app.n set id = -5, n = 2 where id = 995',
      'update app.n set id = 5000, n = 2 where id = 5',
      "update app.pair set n = 1 where k = 'k2'",
      'insert into app.n values (6000, 1), (-6000, 1)',
    );
    const second = await app.start({ ...OPTIONS, ...lists }, first.offsets);
    await second.until(
      () =>
        ['n', 'pair'].every((table) => second.said.logs.some((line) => line.startsWith(`snapshot of app.${table} is`))),
      60_000,
    );
    await app.server.sql('insert into app.n values (7000, 3)');
    await seen(second, 7000);
    const all = [...first.records, ...second.records];
    await expectEqual(all, 'n');
    await expectEqual(all, 'pair');
    expect(reads(second.records, 'n').length).toBeLessThan(ROWS - sent + 150);
    expect(new Set(reads(second.records, 'n').map(({ source }) => source.snapshot))).toEqual(new Set(['incremental']));
    expect(goneBack(all, 'n')).toEqual([]);
    expect([...second.offsets.keys()].some((key) => key.includes('tables'))).toBe(true);
  });

  it('that was interrupted reads tables without a key anew, and others beside the stream after it', async () => {
    const first = await interrupted(1);
    await app.server.sql(
      'update app.n set n = 1',
      'delete from app.n where id % 10 = 1',
      'delete from app.bare where id > 10',
    );
    const second = await app.start(OPTIONS, first.offsets);
    await app.server.sql('insert into app.n values (7000, 3)');
    await seen(second, 7000);
    await second.until(() => second.said.logs.some((line) => line.startsWith('snapshot of app.n is')), 60_000);
    await expectEqual([...first.records, ...second.records], 'n');
    expect(reads(second.records, 'bare').length).toBe(11);
  });

  it('that was interrupted sends the tables’ definitions again: whether they went out is not known', async () => {
    const changes = { 'include.schema.changes': 'true', 'table.include.list': 'app.n' };
    const first = await interrupted(1, changes);
    expect(first.records).toEqual([]);
    const second = await app.start({ ...OPTIONS, ...changes }, first.offsets);
    await second.until((records) => records.length > ROWS);
    expect(second.records[0]).toMatchObject({ topic: 'app', value: expect.stringContaining('CREATE TABLE') as string });
    expect(reads(second.records, 'n').length).toBe(ROWS);
  });

  it('is taken up again where a table was changed before it was read, and has that as it is then', async () => {
    const lists = { 'table.include.list': 'app.n,app.pair' };
    const pausing = pausesAfter(new MysqlTask(options(lists)), 3);
    const first = new EventRun(pausing.task, [], app.journals.open);
    try {
      await first.start();
      await pausing.paused;
      await app.server.sql('alter table app.pair add column later int not null default 7, algorithm=copy');
      pausing.goOn();
      const changed = { code: 'MYSQL_TABLE_CHANGED', kind: 'busy' };
      await expect(first.until(() => false, 60_000)).rejects.toMatchObject(changed);
    } finally {
      pausing.goOn();
      await first.close();
    }
    const second = await app.start({ ...OPTIONS, ...lists }, [...first.offsets.values()]);
    await second.until(() => second.said.logs.some((line) => line.startsWith('snapshot of app.pair is')), 60_000);
    const all = [...first.records, ...second.records];
    await expectEqual(all, 'n');
    await expectEqual(all, 'pair');
    expect(new Set(reads(all, 'pair').map(({ after }) => after?.later))).toEqual(new Set([7]));
  });

  it('that no stream follows goes on at its chunk too', async () => {
    const only = { 'snapshot.mode': 'initial_only', 'table.include.list': 'app.n' };
    const first = await interrupted(5, only);
    const sent = reads(first.records, 'n').length;
    const second = await app.start({ ...OPTIONS, ...only }, first.offsets);
    await second.until(() => second.offsets.get('{"server":"app","snapshot":"tables"}')?.offset['complete'] === true);
    const read = reads(second.records, 'n').map(({ after }) => after?.id);
    expect(read.length).toBeLessThanOrEqual(ROWS - sent + 100);
    expect(new Set([...reads(first.records, 'n').map(({ after }) => after?.id), ...read]).size).toBe(ROWS);
  });

  it.each([1, 3])(
    'marks the first and the last rows, whatever tables are empty, on %i connections',
    async (threads) => {
      await app.server.sql('create table app.aa (id int primary key)', 'create table app.zz (id int primary key)');
      await app.server.sql('create table app.one (id int primary key)', 'insert into app.one values (1)');
      const run = await app.start({ ...OPTIONS, 'snapshot.max.threads': String(threads) });
      await run.until((records) => records.length >= 3 * ROWS + 1);
      const changes = run.records.map(change);
      const marks = (mark: string): string[] =>
        changes.filter(({ source }) => source.snapshot === mark).map(({ source }) => source.table);
      expect(changes.at(0)?.source.snapshot).toBe('first');
      expect(changes.at(-1)?.source.snapshot).toBe('last');
      expect([marks('first').length, marks('last').length]).toEqual([1, 1]);
      const tables = ['bare', 'n', 'one', 'pair'];
      // A table's only row is its last.
      expect(marks('first').concat(marks('first_in_data_collection')).toSorted()).toEqual(
        tables.filter((table) => table !== 'one'),
      );
      expect(marks('last').concat(marks('last_in_data_collection')).toSorted()).toEqual(tables);
      for (const table of tables) {
        const own = changes.filter(({ source }) => source.table === table);
        expect(own.length).toBe(table === 'one' ? 1 : ROWS);
        expect(own.at(-1)?.source.snapshot).toMatch(/^last/);
      }
    },
  );

  it('tells how far it is, and when it will be done', async () => {
    const run = await app.start({ ...OPTIONS, 'snapshot.max.threads': '2' });
    await run.until((records) => records.length >= 3 * ROWS);
    const { gauges } = run.said;
    expect(gauges.get('snapshot_rows_done')).toBe(3 * ROWS);
    expect(gauges.get('snapshot_chunks_done')).toBe(21);
    expect(gauges.get('snapshot_chunks_total')).toBe(21);
    expect(gauges.has('snapshot_eta_seconds')).toBe(true);
  });
});

function rows(row: (id: number) => string): string {
  return Array.from({ length: ROWS }, (_, id) => row(id)).join(', ');
}

function change({ value }: RecordText): Change {
  return (JSON.parse(value ?? '{}') as { payload: Change }).payload;
}

function reads(records: readonly RecordText[], table: string): Change[] {
  return records
    .filter(({ topic, value }) => topic === `app.app.${table}` && value !== null)
    .map(change)
    .filter(({ op }) => op === 'r');
}

/** Rows as the records leave them. */
function folded(records: readonly RecordText[], table: string): [number, number][] {
  const left = new Map<string, [number, number]>();
  for (const record of records) {
    if (record.topic !== `app.app.${table}` || record.value === null) continue;
    const { after } = change(record);
    if (after === null) left.delete(record.key ?? '');
    else left.set(record.key ?? '', [after.id, after.n]);
  }
  return [...left.values()].toSorted(([a], [b]) => a - b);
}

/** Rows that came in an older state than before; every change gives a greater number. */
function goneBack(records: readonly RecordText[], table: string): unknown[] {
  const last = new Map<string, number>();
  const back: unknown[] = [];
  for (const record of records) {
    if (record.topic !== `app.app.${table}` || record.value === null) continue;
    const { after } = change(record);
    const key = record.key ?? '';
    if (after !== null && after.n < (last.get(key) ?? 0)) back.push([key, after.n, last.get(key)]);
    if (after !== null) last.set(key, after.n);
  }
  return back;
}
