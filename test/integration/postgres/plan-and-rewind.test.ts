import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConnectorPlan, Plan, Rewind } from '../../../runtime/rest/api.ts';
import { startPostgres, type PostgresServer } from '../../services/postgres.ts';
import { valueTexts } from '../rest/hub-records.ts';
import { startLocalWorker, type Answer, type LocalWorker } from '../rest/local-worker.ts';
import { until } from '../../until.ts';

let postgres: PostgresServer;
let worker: LocalWorker;

beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.sql('CREATE TABLE orders (id int PRIMARY KEY, item text, price numeric(10,2), placed timestamptz)');
  await postgres.sql('CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL); CREATE TABLE bare (n int)');
  await postgres.sql(
    `INSERT INTO orders SELECT i, 'item ' || i, i * 1.5, '2026-01-01Z' FROM generate_series(1, 200) i`,
  );
  await postgres.sql(`INSERT INTO customers VALUES (9007199254740993, 'Ada'); INSERT INTO bare VALUES (1), (NULL)`);
  worker = await startLocalWorker();
});

afterAll(async () => {
  await worker.close();
  await postgres.stop();
});

function config(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    'connector.class': 'postgres',
    'database.hostname': postgres.host,
    'database.port': String(postgres.port),
    'database.user': postgres.user,
    'database.dbname': postgres.database,
    'topic.prefix': 'shop',
    'slot.name': 'shop',
    'publication.name': 'shop',
    ...more,
  };
}

async function planOf(proposed: Record<string, string>, sample = 30): Promise<ConnectorPlan> {
  const answer = await worker.request('POST', '/plan', { connectors: [{ name: 'shop', config: proposed }], sample });
  const [planned] = (answer.body as Plan).connectors;
  return planned ?? Promise.reject(new Error(answer.text));
}

async function slots(): Promise<readonly Readonly<Record<string, string | null>>[]> {
  return postgres.sql('SELECT slot_name, confirmed_flush_lsn::text, restart_lsn::text FROM pg_replication_slots');
}

function rewind(body: object): Promise<Answer> {
  return worker.request('POST', '/connectors/shop/rewind', body);
}

const shows = (holds: () => Promise<boolean>): Promise<void> => until(holds, 60_000);

/** Items of the orders in the hub, in order. */
async function items(): Promise<string[]> {
  const texts = await valueTexts(worker.worker.hub, 'shop.public.orders');
  return texts.map((text) => (JSON.parse(text) as { after: { item: string } }).after.item);
}

interface StreamOffset {
  readonly partition: Readonly<Record<string, unknown>>;
  readonly offset: Readonly<Record<string, unknown>>;
}

async function streamOffset(): Promise<StreamOffset> {
  const { body } = await worker.request('GET', '/connectors/shop/offsets');
  const { offsets } = body as { offsets: readonly StreamOffset[] };
  const found = offsets.find(({ partition }) => Object.keys(partition).length === 1);
  return found ?? Promise.reject(new Error('there is no offset of the stream'));
}

describe('a plan of a Postgres source', () => {
  it('makes records of a few rows of each captured table, and leaves slots and topics as they are', async () => {
    const { sample, check } = await planOf(config());
    expect(check?.ok).toBe(true);
    expect(sample).toMatchObject({ from: 'upstream', records: 13, after: { made: 13, failed: 0 }, errors: [] });
    const [first] = sample?.differences ?? [];
    expect(first?.after?.[0]?.topic).toMatch(/^shop\.public\./);
    const types = new Map(sample?.schemas.map((one) => [`${one.topic} ${one.part} ${one.field}`, one.after]));
    expect(types.get('shop.public.customers key id')).toBe('int64');
    expect(types.get('shop.public.orders value after.placed')).toBe('string io.debezium.time.ZonedTimestamp, optional');
    expect(await slots()).toEqual([]);
    expect((await worker.worker.hub.admin.topics()).map(({ name }) => name)).not.toContain('shop.public.orders');
  });

  it('keeps values exact', async () => {
    const { sample } = await planOf(config({ 'table.include.list': 'public.customers' }));
    expect(sample?.differences[0]?.after?.[0]?.value).toContain('"id":9007199254740993');
  });

  it('tells what keeps it from reading, and that there is no sample then', async () => {
    await postgres.sql('CREATE ROLE nobody LOGIN');
    const { check, sample } = await planOf(config({ 'database.user': 'nobody' }));
    expect(check?.results.filter(({ ok }) => !ok).map(({ code }) => code)).toContain('POSTGRES_REPLICATION_DENIED');
    expect(sample?.problem?.message).toContain('permission denied');
    const unreachable = await planOf(config({ 'database.port': '1' }));
    expect(unreachable.sample?.problem?.code).toMatch(/^POSTGRES_/);
  });
});

describe('a running Postgres source', () => {
  beforeAll(async () => {
    await worker.request('PUT', '/connectors/shop/config', config());
    await shows(async () => (await items()).length === 200);
    await postgres.sql(`INSERT INTO orders VALUES (1001, 'streamed')`);
    await shows(async () => (await items()).includes('streamed'));
    await shows(async () =>
      streamOffset().then(
        () => true,
        () => false,
      ),
    );
  });

  it('is planned beside the stream: schemas that change, records that change, no position moved', async () => {
    const before = await slots();
    const proposed = config({
      'decimal.handling.mode': 'string',
      'column.exclude.list': 'public.orders.placed',
      'table.include.list': 'public.orders',
    });
    const { action, sample } = await planOf(proposed, 10);
    expect(action).toBe('update');
    expect(sample?.schemas).toContainEqual({
      topic: 'shop.public.orders',
      part: 'value',
      field: 'after.price',
      before: expect.stringContaining('Decimal') as string,
      after: 'string, optional',
    });
    expect(sample?.schemas).toContainEqual(
      expect.objectContaining({ topic: 'shop.public.orders', field: 'after.placed', after: null }),
    );
    expect(sample).toMatchObject({ records: 10, after: { made: 10 } });
    const changed = sample?.differences.find(
      ({ topic, before: was }) => topic === 'shop.public.orders' && was !== null,
    );
    expect(changed?.after?.[0]?.value).toContain('"price":"1.50"');
    expect(changed?.before?.[0]?.value).not.toContain('"price":"1.50"');
    const names = (rows: Awaited<ReturnType<typeof slots>>) => rows.map((row) => row['slot_name']);
    expect(names(await slots())).toEqual(names(before));
  });

  it('says nothing of records that stay the same', async () => {
    const { sample } = await planOf(config({ 'heartbeat.interval.ms': '0', 'poll.interval.ms': '700' }), 10);
    expect(sample).toMatchObject({ changed: 0, schemas: [], errors: [] });
    expect(sample?.same).toBe(sample?.records);
  });

  it('is not rewound below what its slot has confirmed, which the refusal names', async () => {
    const answer = await rewind({ lsn: '0/1', dry_run: true });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('is gone');
    expect(answer.text).toMatch(/before [0-9A-F]+\/[0-9A-F]+, which is the earliest position/);
    expect(answer.headers.get('millrace-error') ?? answer.text).toContain('POSTGRES_REWIND_GONE');
    expect((await rewind({ time: 1, dry_run: true })).text).toContain('by LSN, not by time');
    expect((await rewind({ lsn: 'here', dry_run: true })).text).toContain('lsn must be a text such as 0/16B2D50');
  });

  it('reads again from a position that the slot still has', async () => {
    await worker.request('PUT', '/connectors/shop/stop');
    await shows(async () => {
      const rows = await postgres.sql('SELECT 1 FROM pg_replication_slots WHERE active');
      return rows.length === 0;
    });
    const [slot] = await slots();
    const confirmed = slot?.['confirmed_flush_lsn'] ?? '';
    await postgres.sql(`INSERT INTO orders VALUES (1002, 'passed over')`);
    const [at] = await postgres.sql('SELECT pg_current_wal_lsn()::text AS lsn');
    const lsn = at?.['lsn'] ?? '';
    const { partition, offset } = await streamOffset();
    const ahead = { ...offset, 'millrace.flush': lsn, 'millrace.commit': lsn, 'millrace.index': 0 };
    const altered = await worker.request('PATCH', '/connectors/shop/offsets', {
      offsets: [{ partition, offset: ahead }],
    });
    expect(altered.status).toBe(200);
    const { body } = await rewind({ lsn: confirmed });
    expect(body).toMatchObject({ type: 'source', done: true, records: null });
    expect((body as Rewind).bytes).toBeGreaterThan(0);
    expect((await streamOffset()).offset).toMatchObject({ 'millrace.flush': confirmed, 'millrace.index': 0 });
    await worker.request('PUT', '/connectors/shop/resume');
    await shows(async () => (await items()).includes('passed over'));
    expect((await items()).filter((item) => item === 'streamed')).toHaveLength(1);
  });
});
