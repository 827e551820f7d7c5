import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Connection } from '../../../connectors/mysql/connection.ts';
import { MysqlTask } from '../../../connectors/mysql/task.ts';
import type { SourceOffset } from '../../../runtime/connector/source.ts';
import { appOptions, MYSQL_VERSIONS, startMysql, type MysqlServer } from '../../services/mysql.ts';
import { startMysqlLoad } from '../../services/mysql-load.ts';
import type { RecordText } from '../change/debezium-records.ts';
import { EventRun } from '../change/event-run.ts';
import { useAppDatabase } from './use-app-database.ts';

/** Tables with keys of all kinds; `id` names a row whatever its key is. */
const TABLES: Readonly<Record<string, { readonly key: string; readonly value: (id: number) => string }>> = {
  number: { key: 'k bigint unsigned', value: (id) => `${18_446_744_073_709_500_000n + BigInt(id)}` },
  text: { key: 'k varchar(40)', value: (id) => `'${id % 2 === 0 ? 'k' : 'K'}é'' ${id * 7919}'` },
  fixed: { key: 'k char(20) collate utf8mb4_bin', value: (id) => `'${(id * 31) % 997}-${id}'` },
  bytes: { key: 'k varbinary(16)', value: (id) => `unhex(lpad(hex(${(id * 7919) % 65_521}), 8, '0'))` },
  decimal: { key: 'k decimal(30,10)', value: (id) => `${id % 3 === 0 ? '-' : ''}${id}.0000000001` },
  moment: { key: 'k datetime(6)', value: (id) => `'2020-01-01 00:00:00' + interval ${id} * 1001 microsecond` },
};
const PAIR = 'pair';
const ROWS = 400;

/** Before each test. */
const TABLE = [
  'create table app.signals (id varchar(42) primary key, type varchar(32) not null, data varchar(2048))',
  'create table app.t (id int primary key, n int not null, v varchar(100))',
  `insert into app.t values ${range(ROWS, (id) => `(${id}, 0, 'row ${id}')`)}`,
];
const SNAPSHOT = {
  'snapshot.mode': 'no_data',
  'signal.data.collection': 'app.signals',
  'incremental.snapshot.chunk.size': '50',
};

const op = ({ value }: RecordText): string =>
  value === null ? '' : ((JSON.parse(value) as { payload: { op?: string } }).payload.op ?? '');

describe.each(MYSQL_VERSIONS)('an incremental snapshot on %s', (version) => {
  const app = useAppDatabase(version, ...TABLE);

  const start = (more: Record<string, string> = {}, offsets: readonly SourceOffset[] = []): Promise<EventRun> =>
    app.start(
      {
        ...SNAPSHOT,
        'include.schema.changes': 'false',
        'connect.keep.alive.interval.ms': '300',
        ...more,
      },
      offsets,
    );

  let signals = 0;
  const signal = (type: string, data: object): Promise<unknown> =>
    app.server.sql(`insert into app.signals values ('s${++signals}', '${type}', '${JSON.stringify(data)}')`);
  const execute = (...tables: string[]): Promise<unknown> => signal('execute-snapshot', { 'data-collections': tables });
  const reads = (run: EventRun, table: string): RecordText[] =>
    run.records.filter((record) => record.topic === `app.app.${table}` && op(record) === 'r');
  const finished = (run: EventRun, table: string): Promise<void> =>
    run.until(
      () => run.said.logs.some((line) => line.startsWith(`incremental snapshot of app.${table} is done`)),
      60_000,
    );

  /** Until the stream has shown everything that was committed before. */
  const caughtUp = async (run: EventRun): Promise<void> => {
    await signal('log', { message: `mark ${signals}` });
    const mark = `mark ${signals - 1}`;
    await run.until(() => run.said.logs.includes(mark), 60_000);
    await sleep(50);
  };

  const expectEqual = async (records: readonly RecordText[], table: string): Promise<void> => {
    const rows = await app.server.sql(`select id, n from app.${table} order by id`);
    expect(folded(records, table)).toEqual(rows.map((row) => [Number(row['id']), Number(row['n'])]));
  };

  it('reads a table beside changes of it: at the end every row is as it is', async () => {
    const run = await start();
    const stop = load(app.server, 't', (id) => String(id));
    await execute('app.t');
    await finished(run, 't');
    await stop();
    await caughtUp(run);
    await expectEqual(run.records, 't');
    const rows = reads(run, 't');
    expect(rows.length).toBeGreaterThan(100);
    const sources = rows.map(({ value }) => JSON.parse(value ?? '{}') as { payload: { source: { snapshot: string } } });
    expect(new Set(sources.map(({ payload }) => payload.source.snapshot))).toEqual(new Set(['incremental']));
    expect(run.said.gauges.get('snapshot_rows_done')).toBe(rows.length);
    expect(run.said.gauges.get('snapshot_chunks_done')).toBe(run.said.gauges.get('snapshot_chunks_total'));
  });

  it('never lets a key go back to an older state', async () => {
    const run = await start({ 'incremental.snapshot.chunk.size': '20' });
    const stop = load(app.server, 't', (id) => String(id));
    for (let i = 0; i < 3; i++) await execute('app.t');
    await run.until(() => run.said.logs.filter((line) => line.includes('app.t is done')).length === 3, 60_000);
    await stop();
    await caughtUp(run);
    // Every write of the load has a greater number than all before it.
    const last = new Map<number, number>();
    const back: unknown[] = [];
    for (const { topic, value } of run.records) {
      if (topic !== 'app.app.t' || value === null) continue;
      const { after, before } = (JSON.parse(value) as { payload: Change }).payload;
      const id = (after ?? before)?.id ?? -1;
      const n = after?.n ?? last.get(id) ?? 0;
      if (n < (last.get(id) ?? 0)) back.push([id, n, last.get(id)]);
      last.set(id, n);
    }
    expect(back).toEqual([]);
    await expectEqual(run.records, 't');
  });

  it.each(Object.entries(TABLES))('reads keys of any ordered type: %s', async (name, { key, value }) => {
    await app.server.sql(
      `create table app.\`${name}\` (id int not null, ${key}, n int not null, primary key (k))`,
      `insert into app.\`${name}\` values ${range(ROWS, (id) => `(${id}, ${value(id)}, 0)`)}`,
    );
    const run = await start();
    const stop = load(app.server, `\`${name}\``, (id) => String(id), value);
    await execute(`app.${name}`);
    await finished(run, name);
    await stop();
    await caughtUp(run);
    const rows = await app.server.sql(`select id, n from app.\`${name}\` order by id`);
    expect(folded(run.records, name)).toEqual(rows.map((row) => [Number(row['id']), Number(row['n'])]));
    expect(reads(run, name).length).toBeGreaterThan(100);
  });

  it('reads keys of several columns, labels among them', async () => {
    await app.server.sql(
      `create table app.${PAIR} (id int not null, a enum('z', 'a', 'm') not null, b set('x', 'y') not null, c varchar(20), d float not null, n int not null, primary key (a, b, c, d))`,
      `insert into app.${PAIR} values ${range(ROWS, (id) => `(${id}, ${(id % 3) + 1}, ${id % 4}, 'c${id % 7}', ${id}.1, 0)`)}`,
    );
    const run = await start();
    await execute('app.pair');
    await finished(run, PAIR);
    expect(reads(run, PAIR).length).toBe(ROWS);
    expect(new Set(reads(run, PAIR).map(({ key }) => key)).size).toBe(ROWS);
  });

  it('reads only the rows that a condition names, and tables by regular expression', async () => {
    await app.server.sql('create table app.u like app.t', 'insert into app.u select * from app.t where id < 30');
    const run = await start();
    await signal('execute-snapshot', {
      type: 'incremental',
      'data-collections': ['app.(t|u)'],
      'additional-conditions': [{ 'data-collection': 'app.t', filter: 'id BETWEEN 100 AND 199 OR id = 7' }],
    });
    await finished(run, 'u');
    expect(reads(run, 't').length).toBe(101);
    expect(reads(run, 'u').length).toBe(30);
  });

  it('goes on at the chunk where it was interrupted', async () => {
    const first = await start({ 'incremental.snapshot.chunk.size': '20' });
    const stop = load(app.server, 't', (id) => String(id));
    await execute('app.t');
    await first.until(() => reads(first, 't').length > 60);
    await first.close();
    const offsets = [...first.offsets.values()];
    expect(offsets[0]?.offset['incremental_snapshot_collections']).toBe(
      '[{"incremental_snapshot_collections_id":"app.t","incremental_snapshot_collections_additional_condition":null,"incremental_snapshot_collections_surrogate_key":null}]',
    );
    const second = await start({ 'incremental.snapshot.chunk.size': '20' }, offsets);
    await finished(second, 't');
    await stop();
    await caughtUp(second);
    await expectEqual([...first.records, ...second.records], 't');
    expect(reads(first, 't').length + reads(second, 't').length).toBeLessThanOrEqual(ROWS + 20);
    expect([...second.offsets.values()][0]?.offset['millrace.incremental']).toBeUndefined();
  });

  it('pauses, also over a restart, resumes and stops', async () => {
    await app.server.sql('create table app.u like app.t', 'insert into app.u select * from app.t');
    const first = await start();
    await signal('pause-snapshot', {});
    await execute('app.t');
    await caughtUp(first);
    await sleep(300);
    await first.close();
    expect(reads(first, 't')).toEqual([]);
    const second = await start({}, [...first.offsets.values()]);
    await caughtUp(second);
    await signal('stop-snapshot', { 'data-collections': ['app.t'] });
    await execute('app.u');
    await signal('resume-snapshot', {});
    await finished(second, 'u');
    expect(reads(second, 't')).toEqual([]);
    expect(reads(second, 'u').length).toBe(ROWS);
  });

  it('reads on while the table is altered', async () => {
    const run = await start({ 'incremental.snapshot.chunk.size': '10' });
    await execute('app.t');
    await run.until(() => reads(run, 't').length > 30);
    await app.server.sql('alter table app.t add column extra int default 5', 'update app.t set n = 9 where id > 300');
    await finished(run, 't');
    await caughtUp(run);
    await expectEqual(run.records, 't');
  });

  it('waits for XA transactions that are prepared: no snapshot shows what the stream has shown of them', async () => {
    const run = await start();
    const connection = await app.server.connect();
    const doing = 'the XA transaction';
    for (const sql of ["xa start 'x'", 'update app.t set n = 77 where id = 3', "xa end 'x'", "xa prepare 'x'"]) {
      await connection.query(doing, sql);
    }
    await execute('app.t');
    await sleep(1000);
    expect(reads(run, 't')).toEqual([]);
    await connection.query(doing, "xa commit 'x'");
    await connection.close();
    await finished(run, 't');
    await caughtUp(run);
    await expectEqual(run.records, 't');
  });

  it('takes no key back where XA transactions come and go while chunks are read', async () => {
    const run = await start({ 'incremental.snapshot.chunk.size': '40' });
    const stop = new AbortController();
    const churn = prepareAndCommit(await app.server.connect(), stop.signal);
    await execute('app.t');
    await finished(run, 't').finally(() => stop.abort());
    expect(await churn).toBeGreaterThan(5);
    await caughtUp(run);
    await expectEqual(run.records, 't');
  });

  it('reads the chunk again when the stream has to connect anew', async () => {
    const run = await start({ 'incremental.snapshot.chunk.size': '10', 'retriable.restart.connector.wait.ms': '100' });
    const stop = load(app.server, 't', (id) => String(id));
    await execute('app.t');
    await run.until(() => reads(run, 't').length > 50);
    for (let i = 0; i < 3; i++) {
      const threads = await app.server.sql(
        "select ID from information_schema.PROCESSLIST where COMMAND like 'Binlog Dump%'",
      );
      for (const { ID } of threads) await app.server.sql(`kill ${ID}`);
      await sleep(100);
    }
    await finished(run, 't');
    await stop();
    await caughtUp(run);
    await expectEqual(run.records, 't');
  });

  it('works as the guide says, for an account with the rights that the guide gives', async () => {
    const guide = readFileSync(fileURLToPath(new URL('../../../docs/connectors/mysql.md', import.meta.url)), 'utf8');
    const section = guide.split('## Incremental snapshots')[1]?.split('\n## ')[0] ?? '';
    const [table = '', insert = ''] = [...section.matchAll(/```sql\n(.*?);?\n```/gs)].map(([, sql]) => sql ?? '');
    const client = app.server.family === 'mariadb' ? 'BINLOG MONITOR' : 'REPLICATION CLIENT';
    await app.server.sql(
      'drop database if exists shop',
      'create database shop',
      'create table shop.orders (id int primary key, n int)',
      `insert into shop.orders values ${range(1500, (id) => `(${id}, 0)`)}`,
      "create user if not exists cdc@'%' identified by 'secret'",
      `grant REPLICATION SLAVE, ${client} on *.* to cdc@'%'`,
      "grant select on shop.* to cdc@'%'",
      table,
    );
    const run = await start({
      'database.user': 'cdc',
      'database.password': 'secret',
      'database.include.list': 'shop',
      'signal.data.collection': 'shop.signals',
    });
    await app.server.sql(insert);
    await run.until(() => run.said.logs.some((line) => line.startsWith('incremental snapshot of shop.orders is done')));
    expect(run.records.filter((record) => record.topic === 'app.shop.orders' && op(record) === 'r').length).toBe(499);
  });

  it('says what it cannot carry out, and goes on', async () => {
    await app.server.sql('create table app.bare (id int, n int)');
    const run = await start();
    await signal('what', {});
    await execute('app.(');
    await execute('other.t');
    await execute('app.bare');
    await signal('execute-snapshot', {
      'data-collections': ['app.t'],
      'additional-conditions': [{ 'data-collection': 'app.t', filter: 'nothing = 1' }],
    });
    await execute('app.signals');
    await finished(run, 'signals');
    const said = run.said.logs.join('\n');
    for (const part of [
      'type what is not known',
      'is not carried out: data-collections',
      'names no captured table',
      'for app.bare: it has no primary key',
      'is not carried out for app.t: ',
    ]) {
      expect(said).toContain(part);
    }
    expect(run.failure).toBeUndefined();
  });
});

describe('an incremental snapshot of MySQL without GTIDs', () => {
  it('takes a lock for the moment in which a chunk is fixed', async ({ skip }) => {
    const server = await startMysql('mysql-8.0', { settings: ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF'] });
    if ('missing' in server) return skip(server.missing);
    await server.sql('create database app character set utf8mb4', ...TABLE);
    const run = new EventRun(new MysqlTask({ name: 'app', ...appOptions(server), ...SNAPSHOT }));
    try {
      await run.start();
      const stop = load(server, 't', (id) => String(id));
      await server.sql(`insert into app.signals values ('s', 'execute-snapshot', '{"data-collections": ["app.t"]}')`);
      await run.until(() => run.said.logs.some((line) => line.includes('app.t is done')), 60_000);
      await stop();
      await server.sql("insert into app.t values (9999, 0, 'the end')");
      await run.until((records) => folded(records, 't').some(([id]) => id === 9999));
      const rows = await server.sql('select id, n from app.t order by id');
      expect(folded(run.records, 't')).toEqual(rows.map((row) => [Number(row['id']), Number(row['n'])]));
    } finally {
      await run.close();
      await server.stop();
    }
  });
});

interface Change {
  readonly before: { readonly id: number; readonly n: number } | null;
  readonly after: { readonly id: number; readonly n: number } | null;
}

/** Rows as the records leave them. */
function folded(records: readonly RecordText[], table: string): [number, number][] {
  const rows = new Map<string, [number, number]>();
  for (const { topic, key, value } of records) {
    if (topic !== `app.app.${table}` || value === null) continue;
    const { after } = (JSON.parse(value) as { payload: Change }).payload;
    if (after === null) rows.delete(key ?? '');
    else rows.set(key ?? '', [after.id, after.n]);
  }
  return [...rows.values()].toSorted(([a], [b]) => a - b);
}

function range(count: number, row: (id: number) => string): string {
  return Array.from({ length: count }, (_, id) => row(id)).join(', ');
}

/** XA transactions over rows of `app.t`, one after the other; how many there were. */
async function prepareAndCommit(connection: Connection, signal: AbortSignal): Promise<number> {
  let done = 0;
  while (!signal.aborted) {
    const update = `update app.t set n = ${++done} where id = ${(done * 37) % ROWS}`;
    for (const sql of ["xa start 'x'", update, "xa end 'x'", "xa prepare 'x'"]) await connection.query('test', sql);
    await sleep(4);
    await connection.query('test', "xa commit 'x'");
    await sleep(6);
  }
  await connection.close();
  return done;
}

/** Changes, deletes and inserts rows until it is stopped. */
function load(
  server: MysqlServer,
  table: string,
  id: (id: number) => string,
  key?: (id: number) => string,
): () => Promise<void> {
  const statements = (i: number): string[] => {
    const at = Math.floor(Math.random() * (ROWS + 50));
    const row = key === undefined ? `(${at}, ${i}, 'new')` : `(${at}, ${key(at)}, ${i})`;
    return [
      `update app.${table} set n = ${i} where id = ${id(at)}`,
      `delete from app.${table} where id = ${id(at)}`,
      `replace into app.${table} values ${row}`,
    ];
  };
  return startMysqlLoad(server, statements, { pauseMs: 1, burst: 10 });
}
