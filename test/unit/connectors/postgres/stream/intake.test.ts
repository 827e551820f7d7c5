import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RowBlock } from '../../../../../runtime/record/row-block.ts';
import type { StreamPlace } from '../../../../../connectors/postgres/offset.ts';
import { BlockPool } from '../../../../../runtime/change/block-pool.ts';
import { Intake } from '../../../../../connectors/postgres/stream/intake.ts';
import { RowAssembler } from '../../../../../connectors/postgres/stream/row-assembler.ts';
import { write } from './pgoutput-writer.ts';
import { relation, rows } from './sample-table.ts';

const start: StreamPlace = { flushLsn: 1n, commitLsn: 1n, index: 0 };

const pool = new BlockPool(4);

interface Event {
  readonly lsn: bigint;
  readonly cells: readonly [string, string | null];
}
interface Transaction {
  readonly events: readonly Event[];
  readonly commitLsn: bigint;
  readonly endLsn: bigint;
}

/** Frames of transactions; also where each frame ends and the record count by then. */
function frames(transactions: readonly Transaction[]): Buffer[] {
  return transactions.flatMap(({ events, commitLsn, endLsn }, i) => [
    write.xlog(commitLsn - 1n, write.begin(commitLsn, 1_700_000_000_000_000n, i + 1)),
    ...(i === 0 ? [write.xlog(0n, write.relation(relation))] : []),
    ...events.map(({ lsn, cells }) => write.xlog(lsn, write.insert(9, cells))),
    write.keepalive(commitLsn, false),
    write.xlog(endLsn, write.commit(commitLsn, endLsn, 1_700_000_000_000_000n)),
  ]);
}

interface Read {
  readonly records: string[];
  /** Where each block ended, and the records by then. */
  readonly places: { readonly place: StreamPlace; readonly before: number }[];
}

/** Feeds chunks; a block is cut after each chunk for which `cut` says so. */
async function run(chunks: readonly Buffer[], from: StreamPlace, cut: (chunk: number) => boolean): Promise<Read> {
  const records: string[] = [];
  const places: Read['places'] = [];
  const assembler = new RowAssembler(
    { tables: { resolve: async () => rows }, skipUnchanged: false },
    pool.take(),
    from,
  );
  const take = (): void => {
    const block = intake.cut();
    for (let row = 0; row < block.count; row++) records.push(describeRow(block, row));
    places.push({ place: assembler.place.value, before: records.length });
    pool.give(block);
  };
  const intake = new Intake(assembler, pool, {
    keepalive: () => undefined,
    full: take,
    ended: () => undefined,
  });
  assembler.meta.clock(5n);
  for (const [at, chunk] of chunks.entries()) {
    intake.chunk(chunk);
    while (assembler.waiting !== undefined) {
      await assembler.waiting;
      assembler.waiting = undefined;
      intake.parse();
    }
    if (cut(at)) take();
  }
  take();
  return { records, places };
}

function describeRow(block: RowBlock, row: number): string {
  const { key, value } = block.layout(row);
  if (key === null || value === null) throw new Error('no key');
  const { k } = block.value(row, key) as { k: string };
  const envelope = block.value(row, value) as {
    after: { v: string | null };
    source: { lsn: bigint; sequence: string };
  };
  return `${k}=${envelope.after.v}@${envelope.source.lsn} ${envelope.source.sequence}`;
}

const small = fc.string({ unit: 'binary', maxLength: 40 });
const large = fc.integer({ min: 1, max: 3_000_000 }).map((length) => 'z'.repeat(length));
const sometimesLarge = fc.oneof({ arbitrary: small, weight: 60 }, { arbitrary: large, weight: 1 });

/** Transactions with rising LSNs; several events may share one. */
function streamOf(value: fc.Arbitrary<string>): fc.Arbitrary<readonly Transaction[]> {
  const event = fc.record({ step: fc.integer({ min: 0, max: 3 }), cells: fc.tuple(small, fc.option(value)) });
  const lists = fc.array(fc.array(event, { maxLength: 12 }), { minLength: 1, maxLength: 5 });
  return fc.tuple(fc.constantFrom(1000n, (1n << 53n) - 20n, (1n << 63n) + 5n), lists).map(([base, made]) => {
    let at = base;
    return made.map((list) => {
      const events = list.map(({ step, cells }) => ({ lsn: (at += BigInt(step)), cells }));
      const commitLsn = (at += 8n);
      const endLsn = (at += 8n);
      return { events, commitLsn, endLsn };
    });
  });
}

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => Math.floor(cut * bytes.length)))].sort((a, b) => a - b);
  return [0, ...places].map((from, i) => bytes.subarray(from, places[i]));
}

function expected(transactions: readonly Transaction[]): string[] {
  let last = 1n;
  return transactions.flatMap(({ events: list, endLsn }) => {
    const lines = list.map(({ lsn, cells: [k, v] }) => `${k}=${v}@${lsn} ["${last}","${lsn}"]`);
    last = endLsn;
    return lines;
  });
}

/** Without `sequence`, whose first part is not known right after a restart. */
function ids(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/ \[.*$/, ''));
}

describe('the intake', () => {
  test('gives the same rows however the bytes are cut, and wherever blocks end', async () => {
    await fc.assert(
      fc.asyncProperty(
        streamOf(sometimesLarge),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), { maxLength: 30 }),
        fc.func(fc.boolean()),
        async (transactions, cuts, cut) => {
          const chunks = split(Buffer.concat(frames(transactions)), cuts);
          const { records } = await run(chunks, start, (at) => cut(at) as boolean);
          expect(records).toEqual(expected(transactions));
        },
      ),
      { numRuns: 80 },
    );
  });

  test('resumes at every place a block ended at, without loss or repetition', async () => {
    await fc.assert(
      fc.asyncProperty(streamOf(small), async (transactions) => {
        const all = frames(transactions);
        const { records, places } = await run(all, start, () => true);
        for (const { place, before } of places) {
          // The server sends again what it did not hear confirmed: from the last complete transaction.
          const first = transactions.findIndex(({ commitLsn }) => commitLsn >= place.flushLsn);
          const again = first < 0 ? [] : frames(transactions.slice(first));
          const relationAgain = first > 0 ? [write.xlog(0n, write.relation(relation))] : [];
          const rest = await run([...relationAgain, ...again], place, () => false);
          expect(ids(rest.records)).toEqual(ids(records.slice(before)));
        }
      }),
      { numRuns: 15 },
    );
  });
});
