import { describe, expect, test } from 'vitest';
import type { Table } from '../../../../../connectors/mysql/catalog/table.ts';
import { LaterReads, readPlaces } from '../../../../../connectors/mysql/snapshot/read-places.ts';
import { SnapshotOut } from '../../../../../connectors/mysql/snapshot/snapshot-out.ts';
import { openSnapshot } from '../../../../../connectors/mysql/snapshot/state.ts';
import { TableWork, type KeyRange } from '../../../../../connectors/mysql/snapshot/table-work.ts';
import { ReadRows } from '../../../../../connectors/mysql/snapshot/text-rows.ts';
import { BlockPool } from '../../../../../runtime/change/block-pool.ts';
import type { SourceBatch, SourceOffset } from '../../../../../runtime/connector/source.ts';
import { realEnv } from '../../../../../runtime/env/real.ts';
import { plainColumn } from '../plain-column.ts';

const never = new AbortController().signal;
const pool = new BlockPool(4);

function table(name: string): Table {
  const id = { ...plainColumn('id', 'int'), notNull: true, size: 4 };
  return { database: 'd', name, columns: [id], key: [0] };
}

/** A snapshot that has begun, and what is stored of it. */
async function begun(
  later?: LaterReads,
): Promise<{ out: SnapshotOut; take(): Promise<SourceBatch | null>; open: OpenRanges }> {
  const place = { file: 'b.1', position: 4, gtids: '', event: 0, transaction: '' };
  const out = new SnapshotOut(
    {
      env: realEnv,
      pool,
      bound: 100,
      partition: { server: 'p' },
      prefix: 'p',
      place,
      server: 's',
      placeServer: 's',
      id: 'one',
      notes: undefined,
      ...(later === undefined ? {} : { later }),
    },
    [],
  );
  const offsets = new Map<string, SourceOffset>();
  const take = async (): Promise<SourceBatch | null> => {
    const batch = await out.read(never);
    for (const { partition, position } of batch?.progress ?? []) {
      offsets.set(JSON.stringify(partition), { partition, offset: position.toOffset() });
    }
    return batch;
  };
  const beginning = out.begin(never);
  await take();
  out.begun();
  await beginning;
  return { out, take, open: (name) => openSnapshot('p', [...offsets.values()])?.tables.get(name)?.open };
}

type OpenRanges = (name: string) => readonly KeyRange[] | undefined;

const rows = (): ReadRows => new ReadRows(pool.take(), 0);
const taken = (work: TableWork): KeyRange => work.take() ?? { after: null, to: null };

describe('a snapshot’s state', () => {
  test('counts a chunk as done with its last rows, not before', async () => {
    const { out, take, open } = await begun();
    const work = new TableWork(table('t'), true, 0);
    const first = work.cut(taken(work), ['10']);
    const second = work.cut(taken(work), ['20']);
    await out.rows(work, rows());
    await out.chunk(work, first, rows());
    await take();
    expect(open('d.t')).toBeUndefined();
    await out.chunk(work, second, rows());
    await take();
    expect(open('d.t')).toEqual([
      { after: ['10'], to: ['20'] },
      { after: ['20'], to: null },
    ]);
  });

  test('keeps the chunks of other readers open', async () => {
    const { out, take, open } = await begun();
    const work = new TableWork(table('t'), true, 0);
    const slow = work.cut(taken(work), ['10']);
    const quick = work.cut(taken(work), ['20']);
    const next = work.cut(taken(work), ['30']);
    await out.chunk(work, quick, rows());
    await out.chunk(work, next, rows());
    await take();
    expect(open('d.t')).toEqual([{ after: ['20'], to: ['30'] }, slow, { after: ['30'], to: null }]);
  });

  test('holds a table for done when its last rows are out, and an empty one at once', async () => {
    const { out, take } = await begun();
    const [full, empty] = [new TableWork(table('a'), true, 0), new TableWork(table('b'), true, 0)];
    await out.chunk(full, taken(full), rows());
    await out.chunk(empty, taken(empty), undefined);
    const done = async (): Promise<unknown> => (await take())?.progress?.at(-1)?.position.toOffset()['done'];
    expect(await done()).toEqual(['d.b']);
    await out.finish();
    expect(await done()).toEqual(['d.b', 'd.a']);
    expect(await take()).toBeNull();
  });

  test('keeps the later place of a table without a key with its last rows, and gives it to the stream', async () => {
    const read = { file: 'b.2', position: 9, gtids: '', server: 's', prepared: false };
    const before = { ...read, position: 7, tables: ['d.z'] };
    const { out, take } = await begun(new LaterReads([before], read, ({ key }) => key.length === 0));
    const [bare, keyed] = [{ ...table('a'), key: [] }, table('b')].map((each) => new TableWork(each, false, 0));
    if (bare === undefined || keyed === undefined) throw new Error('two tables');
    await out.chunk(bare, taken(bare), rows());
    await out.chunk(keyed, taken(keyed), rows());
    const first = (await take())?.progress?.at(-1)?.position.toOffset() ?? {};
    expect(first['done']).toEqual(['d.a']);
    expect(readPlaces(first)).toEqual([before, { ...read, tables: ['d.a'] }]);
    await out.finish();
    const [stream, state] = (await take())?.progress?.map(({ position }) => position.toOffset()) ?? [];
    expect(readPlaces(stream)).toEqual([before, { ...read, tables: ['d.a'] }]);
    expect(state?.['done']).toEqual(['d.a', 'd.b']);
  });

  test('of another snapshot does not count', () => {
    const at = { file: 'b.1', pos: 4 };
    const offsets: SourceOffset[] = [
      { partition: { server: 'p', snapshot: 'tables' }, offset: { ...at, id: 'new', done: [], complete: false } },
      {
        partition: { server: 'p', snapshot: 'table', table: 'd.t' },
        offset: { id: 'old', key: '["id"]', open: '[]' },
      },
    ];
    expect(openSnapshot('p', offsets)?.tables.size).toBe(0);
  });
});
