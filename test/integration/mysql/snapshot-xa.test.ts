import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { appOptions, MYSQL_KINDS } from '../../services/mysql.ts';
import type { RecordText } from '../change/debezium-records.ts';
import type { EventRun } from '../change/event-run.ts';
import { useAppDatabase } from './use-app-database.ts';

const OPTIONS = { 'include.schema.changes': 'false', 'connect.keep.alive.interval.ms': '300' };

describe.each(MYSQL_KINDS)('a snapshot beside XA transactions, on %s', (version) => {
  const app = useAppDatabase(version, 'create table app.n (id int primary key)', 'insert into app.n values (1)');

  const prepare = (name: string, id: number): Promise<unknown> =>
    app.server.sql(`xa start ${name}`, `insert into app.n values (${id})`, `xa end ${name}`, `xa prepare ${name}`);

  const cleared = async (...names: readonly string[]): Promise<void> => {
    for (const name of names) await app.server.sql(`xa rollback ${name}`).catch(() => undefined);
  };

  /** Everything up to a row that is inserted now. */
  const caughtUp = async (run: EventRun): Promise<string[]> => {
    await app.server.sql('insert into app.n values (9)');
    await run.until((records) => changes(records).some((change) => change.slice(1) === '9'));
    return changes(run.records);
  };

  it.each(['minimal', 'extended', 'none'])(
    'waits for one that is prepared, and has its rows once it is committed (locking %s)',
    async (locking) => {
      await prepare("'a','b',7", 2);
      try {
        const committed = sleep(700).then(() => app.server.sql("xa commit 'a','b',7"));
        const run = await app.start({ ...OPTIONS, 'snapshot.locking.mode': locking, 'snapshot.max.threads': '2' });
        await committed;
        expect(run.said.logs).toContain(
          "XA transactions are prepared and not ended, the snapshot waits for them: 'a','b',7",
        );
        expect(run.said.warnings.get('MYSQL_XA_PREPARED')).toBeNull();
        expect(await caughtUp(run)).toEqual(['r1', 'r2', 'c9']);
      } finally {
        await cleared("'a','b',7");
      }
    },
  );

  it('waits for one that is rolled back, and has none of its rows', async () => {
    await prepare("'a'", 2);
    try {
      const starting = app.start(OPTIONS);
      await sleep(500);
      await app.server.sql("xa rollback 'a'");
      expect(await caughtUp(await starting)).toEqual(['r1', 'c9']);
    } finally {
      await cleared("'a'");
    }
  });

  it('does not begin while one stays prepared, and names it', async () => {
    await prepare("X'00ff'", 2);
    try {
      const failed = app.start({ ...OPTIONS, 'snapshot.lock.timeout.ms': '300' });
      await expect(failed).rejects.toMatchObject({
        code: 'MYSQL_XA_PREPARED',
        kind: 'busy',
        key: 'snapshot.lock.timeout.ms',
        message: expect.stringMatching(/X'00ff'/i) as string,
      });
      // No lock is left behind.
      await app.server.sql('insert into app.n values (3)', "xa commit X'00ff'");
      expect(await caughtUp(await app.start(OPTIONS))).toEqual(['r1', 'r2', 'r3', 'c9']);
    } finally {
      await cleared("X'00ff'");
    }
  });

  it('is exact under the lock: neither PREPARE nor COMMIT goes past it', async () => {
    await prepare("'a'", 2);
    const [locking, other] = [await app.server.connect(), await app.server.connect()];
    try {
      await other.query('test', "xa start 'b'");
      await other.query('test', 'insert into app.n values (3)');
      await other.query('test', "xa end 'b'");
      await locking.query('test', 'flush tables with read lock');
      const done: string[] = [];
      const ending = [
        other.query('test', "xa prepare 'b'").then(() => done.push('prepare')),
        app.server.sql("xa commit 'a'").then(() => done.push('commit')),
      ];
      await sleep(500);
      expect(done).toEqual([]);
      expect((await locking.query('test', 'xa recover')).length).toBe(1);
      await locking.query('test', 'unlock tables');
      await Promise.all(ending);
      expect(done.toSorted()).toEqual(['commit', 'prepare']);
    } finally {
      locking.destroy();
      await other.close();
      await cleared("'a'", "'b'");
    }
  });

  it('loses none of many that come and go', async () => {
    const stop = new AbortController();
    let last = 10;
    const load = async (name: string): Promise<void> => {
      const connection = await app.server.connect();
      while (!stop.signal.aborted) {
        const id = ++last;
        for (const sql of [
          `xa start '${name}'`,
          `insert into app.n values (${id})`,
          `xa end '${name}'`,
          `xa prepare '${name}'`,
        ]) {
          await connection.query('test', sql);
        }
        await sleep(5);
        await connection.query('test', `xa commit '${name}'`);
        await sleep(15);
      }
      await connection.close();
    };
    const loads = [load('a'), load('b')];
    try {
      const run = await app.start(OPTIONS);
      await sleep(300);
      stop.abort();
      await Promise.all(loads);
      const ids = (await caughtUp(run)).map((change) => Number(change.slice(1)));
      const stored = await app.server.sql('select id from app.n order by id');
      expect(ids.toSorted((a, b) => a - b)).toEqual(stored.map(({ id }) => Number(id)));
    } finally {
      stop.abort();
      await Promise.allSettled(loads);
    }
  });

  it('tells an account that may not lock, or not ask, what may be missed', async () => {
    const asks = version === 'mysql-5.7' || version.startsWith('mariadb');
    await app.server.sql(
      "create user cdc@'%' identified by ''",
      "grant select, replication slave, replication client on *.* to cdc@'%'",
    );
    /** Of a snapshot that the account begins. */
    const told = async (): Promise<string | null | undefined> => {
      const { said } = await app.start({ ...OPTIONS, ...appOptions({ ...app.server, user: 'cdc' }) });
      const text = said.warnings.get('MYSQL_XA_UNSEEN');
      expect(said.logs.filter((line) => line === text)).toHaveLength(text === null ? 0 : 1);
      return text;
    };
    const asking = expect.stringContaining('GRANT XA_RECOVER_ADMIN ON *.*') as string;
    try {
      expect(await told()).toEqual(asks ? expect.stringContaining('GRANT RELOAD ON *.*') : asking);
      await app.server.sql("grant reload on *.* to cdc@'%'");
      expect(await told()).toEqual(asks ? null : asking);
      if (!asks) await app.server.sql("grant xa_recover_admin on *.* to cdc@'%'");
      expect(await told()).toBeNull();
    } finally {
      await app.server.sql("drop user cdc@'%'");
    }
  });
});

/** Operation and key, in order: `c1`. */
function changes(records: readonly RecordText[]): string[] {
  return records.map(({ value }) => {
    const { payload } = JSON.parse(value ?? '{}') as { payload: { op: string; after: { id: number } } };
    return `${payload.op}${payload.after.id}`;
  });
}
