import { describe, expect, test } from 'vitest';
import type { ChunkRows } from '../../../../../connectors/postgres/snapshot/chunk-readers.ts';
import { MARKERS } from '../../../../../connectors/postgres/snapshot/read-meta.ts';
import { ReadBatches } from '../../../../../connectors/postgres/snapshot/read-batches.ts';
import type { TableWork } from '../../../../../connectors/postgres/snapshot/snapshot-plan.ts';
import { META, META_CELLS } from '../../../../../connectors/postgres/row/source-block.ts';
import type { SourceBatch } from '../../../../../runtime/connector/source.ts';
import { RowBlock } from '../../../../../runtime/record/row-block.ts';
import type { RowLayout } from '../../../../../runtime/record/row-layout.ts';

const layout: RowLayout = { topic: 't', key: null, value: null, headers: [], cells: META_CELLS };
const labels = MARKERS.join('');
const signal = new AbortController().signal;

function work(table: string): TableWork {
  const plan = { table, plan: 'p', kind: 'keys' as const, fingerprint: '', bounds: [], chunks: 1 };
  return { plan } as unknown as TableWork;
}

function rowsOf(of: TableWork, chunk: number, count: number, last: boolean, released: string[] = []): ChunkRows {
  const block = new RowBlock(Buffer.from(`${labels}true`));
  for (let row = 0; row < count; row++) {
    block.begin(layout, 0);
    for (let cell = 0; cell < META_CELLS; cell++) block.cell(labels.indexOf('true'), cell === META.snapshot ? 4 : -1);
  }
  const job = jobs.get(`${of.plan.table} ${chunk}`) ?? {
    work: of,
    chunk: { kind: 'keys' as const },
    number: chunk,
    layout,
  };
  jobs.set(`${of.plan.table} ${chunk}`, job);
  return { job, block, last, label: (marker) => labels.indexOf(marker), release: () => released.push(of.plan.table) };
}
const jobs = new Map<string, ChunkRows['job']>();

interface Shown {
  readonly markers: readonly string[];
  readonly progress: unknown;
}

async function batches(rows: readonly ChunkRows[], chunks: ReadonlyMap<string, number>): Promise<Shown[]> {
  const left = [...rows];
  const made = new ReadBatches(
    { next: async () => left.shift() ?? null },
    { server: 's', before: new Map(), chunks, finished: { visible: '1:1:' }, taken: () => undefined },
  );
  const shown: Shown[] = [];
  for (let batch = await made.next(signal); batch !== null; batch = await made.next(signal)) shown.push(show(batch));
  return shown;
}

function show(batch: SourceBatch): Shown {
  const { records, progress = [] } = batch;
  const markers =
    records instanceof RowBlock
      ? Array.from({ length: records.count }, (_, row) => {
          const slot = ((records.firstCell[row] ?? 0) + META.snapshot) * 2;
          const at = records.cells[slot] ?? 0;
          return records.arena.toString('latin1', at, at + (records.cells[slot + 1] ?? 0));
        })
      : [];
  return { markers, progress: progress.map(({ position }) => position.toOffset()) };
}

describe('batches of a snapshot', () => {
  test('say that a chunk is done with its last rows, never before', async () => {
    const a = work('a');
    const rows = [rowsOf(a, 0, 2, false), rowsOf(a, 1, 1, true), rowsOf(a, 0, 1, true)];
    const open = { plan: 'p', finished: false };
    expect(await batches(rows, new Map([['a', 2]]))).toEqual([
      { markers: ['first', 'true'], progress: [{ ...open, done: '', rows: 0 }] },
      { markers: ['true'], progress: [{ ...open, done: '1', rows: 1 }] },
      { markers: ['last'], progress: [{ plan: 'p', done: '0-1', rows: 4, finished: true, visible: '1:1:' }] },
    ]);
  });

  test('mark the first and last rows of tables and of the whole, as Debezium does', async () => {
    const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map(work) as [
      TableWork,
      TableWork,
      TableWork,
      TableWork,
      TableWork,
    ];
    const rows = [
      rowsOf(a, 0, 1, true),
      rowsOf(b, 0, 1, true),
      rowsOf(c, 0, 2, false),
      rowsOf(c, 0, 0, true),
      rowsOf(d, 0, 3, true),
      rowsOf(e, 0, 0, true),
    ];
    const chunks = new Map(['a', 'b', 'c', 'd', 'e'].map((table) => [table, 1]));
    expect((await batches(rows, chunks)).map(({ markers }) => markers)).toEqual([
      ['first'],
      ['last_in_data_collection'],
      ['first_in_data_collection', 'last_in_data_collection'],
      [],
      ['first_in_data_collection', 'true', 'last'],
      [],
    ]);
  });

  test('give an empty block back at once, and other blocks when the runner does', async () => {
    const released: string[] = [];
    const rows = [rowsOf(work('a'), 0, 0, true, released), rowsOf(work('b'), 0, 1, true, released)];
    const left = [...rows];
    const made = new ReadBatches(
      { next: async () => left.shift() ?? null },
      { server: 's', before: new Map(), chunks: new Map(), finished: {}, taken: () => undefined },
    );
    await made.next(signal);
    expect(released).toEqual(['a']);
    (await made.next(signal))?.release?.();
    expect(released).toEqual(['a', 'b']);
    expect(await made.next(signal)).toBe(null);
  });

  test('come to an end although a reader has fewer blocks than empty tables or chunks follow each other', async () => {
    const big = work('big');
    const chunks: (readonly [TableWork, number, number])[] = [
      ...Array.from({ length: 12 }, (_, i) => [work(`e${i}`), 0, 0] as const),
      ...Array.from({ length: 30 }, (_, i) => [big, i, i % 10 === 3 ? 2 : 0] as const),
    ];
    let free = 4;
    const source = {
      next: async (): Promise<ChunkRows | null> => {
        const [of, number, count] = chunks.shift() ?? [];
        if (of === undefined) return null;
        if (free === 0) throw new Error('the reader waits for a block that nobody gives back');
        free--;
        const rows = rowsOf(of, number ?? 0, count ?? 0, true);
        // As a reader does: the block has the rows of another chunk next.
        const release = (): void => {
          free++;
          rows.block.begin(layout, 0);
        };
        return { ...rows, release };
      },
    };
    const options = { server: 's', before: new Map(), chunks: new Map([['big', 30]]), finished: {} };
    const made = new ReadBatches(source, { ...options, taken: () => undefined });
    const shown: Shown[] = [];
    for (let batch = await made.next(signal); batch !== null; batch = await made.next(signal)) {
      shown.push(show(batch));
      batch.release?.();
    }
    expect(shown.flatMap(({ markers }) => markers)).toEqual(['first', 'true', 'true', 'true', 'true', 'last']);
    expect(shown).toHaveLength(42);
    expect(shown.at(-1)?.progress).toEqual([{ plan: 'p', done: '0-29', rows: 6, finished: true }]);
    expect(free).toBe(4);
  });
});
