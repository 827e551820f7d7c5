import { describe, expect, test } from 'vitest';
import type { RowBlock } from '../../../runtime/record/row-block.ts';
import { transactionLayouts } from '../../../runtime/change/transaction.ts';
import type { StoredOffset, StreamPlace } from '../../../connectors/postgres/offset.ts';
import type { StreamHooks } from '../../../connectors/postgres/stream/stream-hooks.ts';
import { TransactionRecords } from '../../../connectors/postgres/stream/transaction-records.ts';
import { openStream, positionOf, recordsOf, type OpenStream, type Seen, type StreamSetup } from './stream-harness.ts';
import { streamServer } from './stream-server.ts';

const { fixture, open, sql } = streamServer({ settings: { wal_sender_timeout: '60s' } });

const never = new AbortController().signal;

/** Reads until `count` records came. */
async function take(stream: OpenStream, count: number, commit = false): Promise<Seen[]> {
  const seen: Seen[] = [];
  while (seen.length < count) {
    const batch = await stream.stream.read(AbortSignal.timeout(20_000));
    seen.push(...recordsOf(batch));
    if (commit) stream.stream.committed(positionOf(batch));
    batch.release?.();
  }
  return seen;
}

function field(seen: Seen, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], seen.value);
}

async function confirmed(slot: string): Promise<string | null | undefined> {
  const [row] = await sql(`select confirmed_flush_lsn from pg_replication_slots where slot_name = '${slot}'`);
  return row?.['confirmed_flush_lsn'];
}

const ids = (records: readonly Seen[]) =>
  records.map(({ key, value }) => `${(key as { id: number }).id}${value === null ? '-' : ''}`);

describe('changes', () => {
  test('inserts, updates, key changes and deletes become records in order', async () => {
    const { setup, from, table } = await fixture();
    const stream = await open(setup, from);
    await sql(`insert into ${table} values (1, 'a')`);
    await sql(`update ${table} set v = 'b' where id = 1`);
    await sql(`update ${table} set id = 2 where id = 1`);
    await sql(`delete from ${table} where id = 2`);
    const seen = await take(stream, 7);
    expect(
      seen.map(({ key, value }) => [(key as { id: number }).id, value === null ? null : (value as { op: string }).op]),
    ).toEqual([
      [1, 'c'],
      [1, 'u'],
      [1, 'd'],
      [1, null],
      [2, 'c'],
      [2, 'd'],
      [2, null],
    ]);
    expect(field(seen[1] as Seen, 'after')).toEqual({ id: 1, v: 'b' });
    expect(field(seen[4] as Seen, 'after.v')).toBe('b');
  });

  test('rows of one transaction share its id and time, and each has its LSN', async () => {
    const { setup, from, table } = await fixture();
    const stream = await open(setup, from);
    await sql(`begin; insert into ${table} values (1, 'a'); insert into ${table} values (2, 'b'); commit`);
    const [first, second] = await take(stream, 2);
    expect(field(first as Seen, 'source.txId')).toBe(field(second as Seen, 'source.txId'));
    expect(field(first as Seen, 'source.ts_us')).toBe(field(second as Seen, 'source.ts_us'));
    expect(field(second as Seen, 'source.lsn')).toBeGreaterThan(field(first as Seen, 'source.lsn') as bigint);
    expect(field(second as Seen, 'source.sequence')).toMatch(
      new RegExp(`"${String(field(second as Seen, 'source.lsn'))}"\\]$`),
    );
  });

  test('a table that changes inside a transaction is read by each of its versions', async () => {
    const { setup, from, table } = await fixture();
    const stream = await open(setup, from);
    await sql(`begin; insert into ${table} values (1, 'a'); alter table ${table} add column n numeric default 7;
      insert into ${table} values (2, 'b', 1.50); alter table ${table} drop column v; insert into ${table} values (3, 9); commit`);
    const seen = await take(stream, 3);
    expect(Object.keys(field(seen[0] as Seen, 'after') as object)).toEqual(['id', 'v']);
    expect(Object.keys(field(seen[1] as Seen, 'after') as object)).toEqual(['id', 'v', 'n']);
    expect(Object.keys(field(seen[2] as Seen, 'after') as object)).toEqual(['id', 'n']);
  });

  test('an unchanged TOAST value is marked, and taken from the old row under REPLICA IDENTITY FULL', async () => {
    const { setup, from, table } = await fixture('id int primary key, n int, big text');
    await sql(`alter table ${table} alter big set storage external`);
    const stream = await open(setup, from);
    await sql(`insert into ${table} values (1, 1, repeat('x', 5000)); update ${table} set n = 2;
      alter table ${table} replica identity full; update ${table} set n = 3`);
    const seen = await take(stream, 3);
    expect(field(seen[1] as Seen, 'after.big')).toBe('__debezium_unavailable_value');
    expect(field(seen[2] as Seen, 'after.big')).toBe('x'.repeat(5000));
  });

  test('a transaction far larger than a block and a row larger than an arena arrive whole', async () => {
    const { setup, from, table } = await fixture();
    const stream = await open(setup, from);
    await sql(`insert into ${table} select n, repeat(chr(97 + n % 26), 300) from generate_series(1, 20000) n`);
    await sql(`insert into ${table} values (0, repeat('z', 40000000))`);
    await sql(`insert into ${table} values (-1, 'end')`);
    let count = 0;
    for (;;) {
      const batch = await stream.stream.read(AbortSignal.timeout(20_000));
      const block = batch.records as RowBlock;
      for (const seen of recordsOf(batch)) {
        const { id, v } = field(seen, 'after') as { id: number; v: string };
        if (id > 0) expect(id).toBe(++count);
        if (id > 0) expect(v).toBe(String.fromCharCode(97 + (id % 26)).repeat(300));
        if (id === 0) expect(v.length).toBe(40_000_000);
        if (id === -1) return;
      }
      expect(block.arena.length).toBeLessThan(64 << 20);
      batch.release?.();
    }
  });

  test('truncate makes a record where it is not skipped', async () => {
    const { setup, from, table } = await fixture(undefined, { rows: { skipped: new Set() } });
    const stream = await open(setup, from);
    await sql(`insert into ${table} values (1, 'a'); truncate ${table}`);
    const seen = await take(stream, 2);
    expect(field(seen[1] as Seen, 'op')).toBe('t');
  });
});

describe('resuming', () => {
  test('resumes at every event, also of several on one LSN, without loss or repetition', async () => {
    const places: StreamPlace[] = [];
    const begins: bigint[] = [];
    const { setup, from, table } = await fixture();
    // Multi-row inserts of one page share one LSN; the message splits the stream between transactions.
    await sql(`insert into ${table} select n, 'a' from generate_series(1, 5) n`);
    await sql(`select pg_logical_emit_message(false, 'note', 'between')`);
    await sql(`begin; insert into ${table} select n, 'b' from generate_series(6, 9) n;
      update ${table} set id = id + 100 where id = 1; savepoint s; insert into ${table} values (50, 'no'); rollback to s;
      insert into ${table} values (10, 'c'); commit`);
    await sql(`copy ${table} from program 'printf "20\\tx\\n21\\tx\\n22\\tx\\n"'`);
    const ends: bigint[] = [];
    const hooks: StreamHooks = {
      watchingRows: false,
      onRow: () => true,
      onTruncate: () => true,
      onRelation: () => undefined,
      onUncaptured: () => undefined,
      onMessage: () => undefined,
      annotation: () => undefined,
      onBegin: (_, commitLsn) => begins.push(commitLsn),
      onCommit: (_xid, _commit, endLsn) => ends.push(endLsn),
    };
    const whole = await open({ ...setup, assembler: { hooks } }, from);
    const all = await take(whole, 5 + 4 + 3 + 1 + 3);
    await whole.close();
    // Events per transaction (BEGIN among them), and records before each event.
    const transactions = [
      [0, 1, 1, 1, 1, 1],
      [0, 1, 1, 1, 1, 3, 1],
      [0, 1, 1, 1],
    ];
    const expected = ids(all);
    let before = 0;
    for (const [at, events] of transactions.entries()) {
      for (let index = 0; index <= events.length; index++) {
        const place = { flushLsn: ends[at - 1] ?? from.place.flushLsn, commitLsn: begins[at] as bigint, index };
        if (index > 0) before += events[index - 1] as number;
        places.push(place);
        const resumed = await open(setup, { ...from, place });
        const rest = before === expected.length ? [] : await take(resumed, expected.length - before);
        expect(ids(rest), `transaction ${at}, event ${index}`).toEqual(expected.slice(before));
        await resumed.close();
      }
    }
    expect(places.length).toBe(7 + 8 + 5);
  });

  test('transaction metadata counts what was handed over before the restart', async () => {
    const { setup, from, table } = await fixture();
    const transactions = () => ({
      ...setup,
      rows: { transactionMetadata: true },
      assembler: { transactions: new TransactionRecords(transactionLayouts('tx')) },
    });
    await sql(
      `begin; insert into ${table} values (1, 'a'); update ${table} set id = 2; insert into ${table} values (3, 'c'); commit`,
    );
    const whole = await open(transactions(), from);
    const all = await take(whole, 7);
    await whole.close();
    const commitLsn = await beginLsn(setup, from);
    // BEGIN, the insert and the key change, which counts twice, are done.
    const place = { flushLsn: from.place.flushLsn, commitLsn, index: 3 };
    const resumed = await open(transactions(), { ...from, place });
    const rest = await take(resumed, 2);
    expect(field(rest[0] as Seen, 'transaction')).toMatchObject({ total_order: 4n, data_collection_order: 4n });
    expect(rest[0]?.value).toMatchObject({ after: { id: 3 } });
    expect(rest[1]?.value).toEqual(all.at(-1)?.value);
    expect(field(rest[1] as Seen, 'event_count')).toBe(4n);
  });

  test('an offset whose event is at another LSN now is refused', async () => {
    const { setup, from, table } = await fixture();
    await sql(`insert into ${table} select n, 'a' from generate_series(1, 3) n`);
    const first = await open(setup, from);
    const batch = await first.stream.read(never);
    const commitLsn = positionOf(batch).flushLsn;
    await first.close();
    const [row] = await sql(
      `select lsn from pg_logical_slot_peek_binary_changes('${setup.slot}', null, null, 'proto_version', '1', 'publication_names', '${setup.publication}') limit 1`,
    );
    expect(row?.['lsn']).toBeTruthy();
    const begin = await beginLsn(setup, from);
    const resumed = await open(setup, {
      ...from,
      place: { flushLsn: from.place.flushLsn, commitLsn: begin, index: 2 },
      eventLsn: commitLsn,
    });
    await expect(take(resumed, 1)).rejects.toMatchObject({ code: 'POSTGRES_RESUME_MISMATCH', kind: 'position' });
  });
});

async function beginLsn(setup: StreamSetup, from: StoredOffset): Promise<bigint> {
  const begin = Promise.withResolvers<bigint>();
  const hooks: StreamHooks = {
    watchingRows: false,
    onRow: () => true,
    onTruncate: () => true,
    onRelation: () => undefined,
    onUncaptured: () => undefined,
    onMessage: () => undefined,
    annotation: () => undefined,
    onBegin: (_, commitLsn) => begin.resolve(commitLsn),
    onCommit: () => undefined,
  };
  const stream = await openStream({ ...setup, assembler: { hooks } }, from);
  try {
    return await begin.promise;
  } finally {
    await stream.close();
  }
}

describe('acknowledgement', () => {
  test('the slot moves only to what was committed', async () => {
    const { setup, from, table } = await fixture(undefined, { statusIntervalMs: 50 });
    const stream = await open(setup, from);
    const start = await confirmed(setup.slot);
    await sql(`insert into ${table} values (1, 'a')`);
    const batch = await stream.stream.read(never);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await confirmed(setup.slot)).toBe(start);
    stream.stream.committed(positionOf(batch));
    await expect.poll(() => confirmed(setup.slot)).not.toBe(start);
  });

  test('an idle slot moves after its stored offset, and not before', async () => {
    const { setup, from } = await fixture(undefined, { statusIntervalMs: 50 });
    const stream = await open(setup, from);
    const start = await confirmed(setup.slot);
    await sql(`create table other_${setup.slot} as select n from generate_series(1, 1000) n`);
    const batch = await stream.stream.read(AbortSignal.timeout(20_000));
    expect(recordsOf(batch)).toEqual([]);
    const position = positionOf(batch);
    expect(position.flushLsn).toBeGreaterThan(from.place.flushLsn);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await confirmed(setup.slot)).toBe(start);
    stream.stream.committed(position);
    await expect.poll(() => confirmed(setup.slot)).not.toBe(start);
  });

  test('nothing moves while something handed over is not committed', async () => {
    const { setup, from, table } = await fixture(undefined, { statusIntervalMs: 50 });
    const stream = await open(setup, from);
    await sql(`insert into ${table} values (1, 'a')`);
    await stream.stream.read(never);
    await sql(`create table other_${setup.slot} as select n from generate_series(1, 1000) n`);
    await expect(stream.stream.read(AbortSignal.timeout(500))).rejects.toThrow(/timeout/);
  });
});
