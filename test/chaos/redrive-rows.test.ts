import { dropSlots } from '../services/drop-slots.ts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { WorkerProcess } from '../e2e/worker-process.ts';
import { databaseOptions, startPostgres, type PostgresServer } from '../services/postgres.ts';
import { RedrivePlace } from './harness/redrive-place.ts';

/** Rows of the table whose number has no place in Connect's Decimal. */
const BAD = 150;

let server: PostgresServer;
let place: RedrivePlace;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.stop());

beforeEach(async () => {
  place = new RedrivePlace();
  await server.sql('create table items (id int primary key, price numeric, secret text, note text)');
});

afterEach(async () => {
  await place.close();
  await dropSlots(server);
  await server.sql('drop table items; drop publication if exists mine');
});

function config(more: Record<string, string> = {}): Record<string, string> {
  return {
    'connector.class': 'postgres',
    ...databaseOptions(server),
    'topic.prefix': 'mine',
    'plugin.name': 'pgoutput',
    'slot.name': 'mine',
    'publication.name': 'mine',
    'publication.autocreate.mode': 'filtered',
    'table.include.list': 'public.items',
    'column.exclude.list': 'public.items.secret',
    'errors.tolerance': 'all',
    'millrace.errors.deadletterqueue.topic.name': 'dead',
    'millrace.delivery': 'exactly-once',
    ...more,
  };
}
/** With this the number is shown as its text, and fits. */
const MENDED = { 'decimal.handling.mode': 'string' };
const ROUTED = {
  transforms: 'route',
  'transforms.route.type': 'RegexRouter',
  'transforms.route.regex': 'mine\\.public\\.(.*)',
  'transforms.route.replacement': 'shop-$1',
};
/** A chain that has to see the values of each row. */
const VALUES = {
  transforms: 'note',
  'transforms.note.type': 'InsertField$Value',
  'transforms.note.static.field': 'by',
  'transforms.note.static.value': 'me',
};

const letters = (more = ''): Promise<readonly Record<string, unknown>[]> => place.deadLetters('mine', more);

interface Event {
  readonly id: number;
  readonly op: string;
  readonly price: unknown;
  readonly headers: readonly string[];
}

async function events(topic: string): Promise<readonly Event[]> {
  const found: Event[] = [];
  for await (const at of place.records(topic)) {
    const value = JSON.parse(at.value()?.toString() ?? 'null') as {
      op: string;
      after: { id: number; price: unknown } | null;
    } | null;
    if (value === null || value.after === null) continue;
    const { id, price } = value.after;
    found.push({ id, op: value.op, price, headers: at.headers().map(({ key }) => key) });
  }
  return found;
}

/** A worker that streams, whose next start knows the number's text. */
async function streaming(more: Record<string, string>, crashAt = ''): Promise<WorkerProcess> {
  const running = await place.start(crashAt);
  await place.send('POST', '/connectors', { name: 'mine', config: config(more) });
  await running.until('streaming', async () => {
    return (await server.sql('select 1 from pg_replication_slots where active')).length > 0;
  });
  return running;
}

async function redriven(body: object = {}): Promise<unknown> {
  return outcomes(await place.redrive('mine', body));
}

async function outcomes(id: string): Promise<unknown> {
  return (await place.done('mine', id))['outcomes'];
}

describe('rows that cannot be decoded', () => {
  test.each([
    ['without transforms', {}, 'mine.public.items'],
    ['behind a transform of layouts', ROUTED, 'shop-items'],
    ['behind a transform of values', VALUES, 'mine.public.items'],
  ])(
    '%s are kept raw, and decoded by the configuration as it is later',
    { timeout: 60_000 },
    async (_, more, topic) => {
      await server.sql(`insert into items values (1, 'NaN', 'hush', 'snapshot'), (2, 2.5, 'hush', 'snapshot')`);
      const running = await streaming(more);
      await server.sql(`insert into items values (3, 'NaN', 'hush', 'stream'), (4, 4.5, 'hush', 'stream')`);
      await server.sql(`insert into items select i, 'Infinity', 'hush', 'many' from generate_series(11, 20) i`);
      await running.until('put aside', async () => (await letters()).length === 12);
      const [first] = await letters();
      expect(first).toMatchObject({
        form: 'cells',
        stage: 'TASK_POLL',
        code: 'POSTGRES_DECIMAL_SPECIAL',
        key: { id: 1 },
      });
      // A column that is left out is in no dead letter either (I9).
      expect(JSON.stringify(await letters())).not.toContain('hush');
      expect(await redriven()).toEqual({ failed: 12 });
      expect((await letters())[0]).toMatchObject({ form: 'cells', redrives: 1 });

      await place.send('PUT', '/connectors/mine/config', config({ ...more, ...MENDED }));
      await running.running('mine');
      expect(await redriven()).toEqual({ redriven: 12 });
      await running.stop();
      const read = await events(topic);
      expect(read.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual([
        1,
        2,
        3,
        4,
        ...Array.from({ length: 10 }, (_, i) => 11 + i),
      ]);
      expect(read.find(({ id }) => id === 1)).toMatchObject({ op: 'r', price: 'NaN' });
      expect(read.find(({ id }) => id === 3)).toMatchObject({ op: 'c', price: 'NaN' });
      expect(read.find(({ id }) => id === 20)).toMatchObject({ op: 'c', price: 'Infinity' });
      expect(read.find(({ id }) => id === 3)?.headers).toEqual(
        expect.arrayContaining(['millrace.redrive.count', 'millrace.source']),
      );
    },
  );

  test('one is superseded by a later change of its row, and not by an earlier one of the same transaction', async () => {
    const running = await streaming({});
    await server.sql(`begin; insert into items values (1, 1); update items set price = 'NaN' where id = 1; commit`);
    await server.sql(`begin; insert into items values (2, 'NaN'); update items set price = 2 where id = 2; commit`);
    await running.until('put aside', async () => (await letters()).length === 2);
    await place.send('PUT', '/connectors/mine/config', config(MENDED));
    await running.running('mine');
    expect(await redriven()).toEqual({ redriven: 1, superseded: 1 });
    const before = await letters('&all=true');
    expect(before.map(({ key, state }) => [(key as { id: number }).id, state])).toEqual([
      [1, 'redriven'],
      [2, 'superseded'],
    ]);
    expect(await redriven({ force: true })).toEqual({ redriven: 1 });
    await running.stop();
    const read = await events('mine.public.items');
    expect(read.map(({ id, op, price }) => [id, op, price]).slice(-2)).toEqual([
      [1, 'u', 'NaN'],
      [2, 'c', 'NaN'],
    ]);
  });

  test('without tolerance one stops the task, with the remedy', async () => {
    const running = await streaming({ 'errors.tolerance': 'none' });
    await server.sql(`insert into items values (1, 'NaN')`);
    await running.until('failed', async () => {
      return JSON.stringify(await place.send('GET', '/connectors/mine/status')).includes('POSTGRES_DECIMAL_SPECIAL');
    });
    expect(JSON.stringify(await place.send('GET', '/connectors/mine/status'))).toContain('decimal.handling.mode');
  });

  test.each(['redrive.before_commit:1', 'redrive.before_commit:2', 'redrive.after_commit:1'])(
    'killed at %s while they are redriven, each is produced once',
    { timeout: 120_000 },
    async (crashAt) => {
      const first = await streaming({}, crashAt);
      await server.sql(`insert into items select i, case when i % 2 = 0 then 'NaN' else i::text end::numeric
        from generate_series(1, ${BAD * 2}) i`);
      await first.until('put aside', async () => (await letters()).length === BAD);
      await place.send('PUT', '/connectors/mine/config', config(MENDED));
      await first.running('mine');
      const id = await place.redrive('mine');
      expect((await first.ended).signal).toBe('SIGKILL');
      const second = await place.start();
      expect(await outcomes(id)).toEqual({ redriven: BAD });
      expect(await letters()).toEqual([]);
      await second.stop();
      const ids = (await events('mine.public.items')).map((event) => event.id).toSorted((a, b) => a - b);
      expect(ids).toEqual(Array.from({ length: BAD * 2 }, (_, i) => i + 1));
    },
  );
});
