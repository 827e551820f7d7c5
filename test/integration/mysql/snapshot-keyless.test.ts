import { describe, expect, it } from 'vitest';
import { MysqlTask } from '../../../connectors/mysql/task.ts';
import type { SourceOffset } from '../../../runtime/connector/source.ts';
import { appOptions, MYSQL_KINDS, type MysqlOptions, type MysqlVersion } from '../../services/mysql.ts';
import type { RecordText } from '../change/debezium-records.ts';
import { EventRun } from '../change/event-run.ts';
import { stopsAtOffset } from './stops-after.ts';
import { useAppDatabaseOf } from './use-app-database.ts';

const ROWS = 500;
const OPTIONS = {
  'include.schema.changes': 'false',
  'connect.keep.alive.interval.ms': '300',
  'skipped.operations': 'none',
};
const READ = 'millrace.read';
const STREAM = '{"server":"app"}';
const TABLES = [
  'create table app.bare (x int not null, n int not null)',
  `insert into app.bare values ${rows()}`,
  'create table app.more (x int not null, n int not null)',
  `insert into app.more values ${rows()}`,
  'create table app.n (x int primary key, n int not null)',
  `insert into app.n values ${rows()}`,
  'create table app.uni (x int not null, n int not null, unique index (x))',
  `insert into app.uni values ${rows()}`,
];

const KINDS: [string, MysqlVersion, MysqlOptions][] = [
  ...MYSQL_KINDS.map((version): [string, MysqlVersion, MysqlOptions] => [version, version, {}]),
  ['mysql-8.0 without GTIDs', 'mysql-8.0', { settings: ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF'] }],
];

describe.each(KINDS)('an interrupted snapshot of tables without a key, on %s', (_, version, server) => {
  const app = useAppDatabaseOf(version, server, TABLES);

  /** A run that is killed once it has stored such an offset. */
  const killedAt = async (
    is: (partition: string, offset: SourceOffset['offset']) => boolean,
    offsets: readonly SourceOffset[] = [],
    more: Readonly<Record<string, string>> = {},
  ): Promise<{ offsets: SourceOffset[]; records: RecordText[] }> => {
    const config = { name: 'app', ...appOptions(app.server), ...OPTIONS, ...more };
    const stopping = stopsAtOffset(new MysqlTask(config), (partition, offset) => is(JSON.stringify(partition), offset));
    const run = new EventRun(stopping.task, offsets, app.journals.open);
    await run.start();
    await Promise.race([stopping.stopped, run.until(() => false, 30_000)]);
    await run.close();
    const stored = new Map(offsets.map((each) => [JSON.stringify(each.partition), each]));
    for (const [partition, each] of run.offsets) stored.set(partition, each);
    return { offsets: [...stored.values()], records: run.records };
  };

  const begun = (): ReturnType<typeof killedAt> => killedAt((partition) => partition.includes('tables'));

  const seen = (run: EventRun, x: number): Promise<void> =>
    run.until((records) => changes(records, 'n').some((change) => change === `c${x}`), 60_000);

  it('reads them whole, and their changes come once', async () => {
    const first = await begun();
    await app.server.sql(
      'begin',
      'insert into app.bare values (-1, 1)',
      'insert into app.n values (-1, 1)',
      'update app.bare set n = 1 where x < 10',
      'commit',
      'delete from app.bare where x between 20 and 29',
      'insert into app.more values (-1, 1)',
      'truncate app.more',
      'insert into app.more values (-2, 1)',
      'update app.uni set n = 1 where x = 3',
    );
    const second = await app.start(OPTIONS, first.offsets);
    await second.until((records) => changes(records, 'more').length > 0);
    await app.server.sql(
      'insert into app.bare values (-3, 1)',
      'delete from app.bare where x = -1',
      'insert into app.n values (-9, 1)',
    );
    await seen(second, -9);
    const bare = changes(second.records, 'bare');
    expect(bare.filter((change) => change.startsWith('r')).length).toBe(ROWS - 10 + 1);
    expect(bare.filter((change) => !change.startsWith('r'))).toEqual(['c-3', 'd-1']);
    expect(changes(second.records, 'more')).toEqual(['r-2']);
    // Records with a key may have gone out before: what became of their rows is told, more than once if need be.
    expect(changes(second.records, 'uni').filter((change) => !change.startsWith('r'))).toEqual(['u3']);
    expect(changes(second.records, 'n').filter((change) => change === 'c-1').length).toBeLessThan(2);
    await second.until(() => second.offsets.get(STREAM)?.offset[READ] === undefined);
  });

  it('through definitions that changed meanwhile, and tables that changed names', async () => {
    await app.server.sql('create table app.spare (x int not null, n int not null)');
    const first = await begun();
    await app.server.sql(
      'insert into app.bare values (-1, 1)',
      'alter table app.bare add column z int',
      'insert into app.bare values (-2, 1, 1)',
      'insert into app.more values (-3, 1)',
      'insert into app.spare values (-4, 1)',
      'rename table app.more to app.old, app.spare to app.more',
      'insert into app.old values (-5, 1)',
      'insert into app.more values (-6, 1)',
    );
    const second = await app.start(OPTIONS, first.offsets);
    await app.server.sql('insert into app.more values (-8, 1)', 'insert into app.n values (-9, 1)');
    await seen(second, -9);
    const shown = (table: string): string[] => changes(second.records, table).filter((change) => change.includes('-'));
    expect(shown('bare')).toEqual(['r-1', 'r-2']);
    expect(shown('old')).toEqual(['r-3', 'r-5']);
    expect(shown('more')).toEqual(['r-4', 'r-6', 'c-8']);
    // Under its old name it is another topic's, whose rows were not read there.
    expect(shown('spare')).toEqual(['c-4']);
  });

  it('keeps what each was read behind over further kills, until the stream has passed it', async () => {
    const first = await begun();
    await app.server.sql('insert into app.bare values (-1, 1)', 'insert into app.more values (-1, 1)');
    const second = await killedAt(
      (partition, { done }) => partition.includes('tables') && JSON.stringify(done).includes('app.bare'),
      first.offsets,
    );
    await app.server.sql('insert into app.bare values (-2, 1)', 'insert into app.more values (-2, 1)');
    const third = await killedAt((partition) => partition === STREAM, second.offsets);
    expect(third.offsets.find(({ partition }) => JSON.stringify(partition) === STREAM)?.offset).toHaveProperty([READ]);
    await app.server.sql('insert into app.bare values (-3, 1)', 'insert into app.more values (-3, 1)');
    const last = await app.start(OPTIONS, third.offsets);
    await app.server.sql('insert into app.n values (-9, 1)');
    await seen(last, -9);
    const all = [...second.records, ...third.records, ...last.records];
    const inserted = (table: string): string[] => changes(all, table).filter((change) => change.includes('-'));
    expect(inserted('bare')).toEqual(['r-1', 'c-2', 'c-3']);
    expect(inserted('more')).toEqual(['r-1', 'r-2', 'c-3']);
    expect(changes(all, 'bare').length).toBe(ROWS + 3);
  });

  it('loses no row of an XA transaction that was prepared before, and committed after', async () => {
    const first = await begun();
    await app.server.sql(
      'insert into app.bare values (-1, 1)',
      "xa start 'a'",
      'insert into app.bare values (-2, 1)',
      "xa end 'a'",
      "xa prepare 'a'",
    );
    try {
      const second = await killedAt((partition) => partition === STREAM, first.offsets);
      expect(changes(second.records, 'bare')).not.toContain('r-2');
      await app.server.sql("xa commit 'a'", 'insert into app.n values (-9, 1)');
      const last = await app.start(OPTIONS, second.offsets);
      await seen(last, -9);
      const inserted = changes([...second.records, ...last.records], 'bare').filter((change) => change.includes('-'));
      expect(inserted).toEqual(['r-1', 'c-2']);
    } finally {
      await app.server.sql("xa rollback 'a'").catch(() => undefined);
    }
  });

  it('does not go on with a server that has not got what was read', async () => {
    const first = await begun();
    const behind = await app.server.copy(server);
    try {
      await app.server.sql('insert into app.bare values (-1, 1)');
      const second = await killedAt((partition) => partition === STREAM, first.offsets);
      const config = { ...OPTIONS, ...appOptions(behind), 'errors.max.retries': '0' };
      const failed = app.start(config, second.offsets).then((run) => run.until(() => false, 10_000));
      await expect(failed).rejects.toMatchObject({
        code: expect.stringMatching(/^MYSQL_(?:POSITION_AHEAD|SERVER_CHANGED)$/) as string,
        kind: 'position',
      });
    } finally {
      await behind.stop();
    }
  });

  it('streams the changes that a SELECT of its own leaves out of the read', async () => {
    const more = {
      'snapshot.select.statement.overrides': 'app.bare',
      'snapshot.select.statement.overrides.app.bare': 'select x, n from app.bare where x > 10',
    };
    const first = await killedAt((partition) => partition.includes('tables'), [], more);
    await app.server.sql('insert into app.bare values (-1, 1)');
    const second = await app.start({ ...OPTIONS, ...more }, first.offsets);
    await app.server.sql('insert into app.n values (-9, 1)');
    await seen(second, -9);
    expect(changes(second.records, 'bare')).toContain('c-1');
  });
});

function rows(): string {
  return Array.from({ length: ROWS }, (_, x) => `(${x}, 0)`).join(', ');
}

/** Operation and `x` of a table's changes, in order: `c-1`. */
function changes(records: readonly RecordText[], table: string): string[] {
  return records.flatMap(({ topic, value }) => {
    if (topic !== `app.app.${table}` || value === null) return [];
    const { payload } = JSON.parse(value) as {
      payload: { op: string; before: { x: number } | null; after: { x: number } | null };
    };
    return [`${payload.op}${(payload.after ?? payload.before)?.x ?? ''}`];
  });
}
