import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CopyRows, type BlockPool } from '../../../../../connectors/postgres/snapshot/copy-rows.ts';
import { CopyStatus } from '../../../../../connectors/postgres/wire/copy-out.ts';
import { RowBlock } from '../../../../../runtime/record/row-block.ts';
import type { RowLayout } from '../../../../../runtime/record/row-layout.ts';

type Row = readonly (string | null)[];

const layout: RowLayout = { topic: 't', key: null, value: null, headers: [], cells: 4 };

function frame(code: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(code, 0, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function tuple(row: Row): Buffer {
  const parts: Buffer[] = [Buffer.from([0, row.length])];
  for (const value of row) {
    const length = Buffer.alloc(4);
    length.writeInt32BE(value === null ? -1 : Buffer.byteLength(value));
    parts.push(length, Buffer.from(value ?? ''));
  }
  return Buffer.concat(parts);
}

/** The bytes a server sends, its header with the first row or alone. */
function copyBytes(rows: readonly Row[], headerAlone: boolean): Buffer {
  const header = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
  const bodies = [...rows.map(tuple), Buffer.from([0xff, 0xff])];
  const data = headerAlone
    ? [header, ...bodies]
    : [Buffer.concat([header, bodies[0] ?? Buffer.alloc(0)]), ...bodies.slice(1)];
  return Buffer.concat([
    frame('H', Buffer.from([1, 0, 0])),
    ...data.map((body) => frame('d', body)),
    frame('N', Buffer.from('notice')),
    frame('c', Buffer.alloc(0)),
    frame('C', Buffer.from('COPY 1\0')),
    frame('Z', Buffer.from('I')),
  ]);
}

function text(block: RowBlock, row: number, cell: number): string | null {
  const slot = ((block.firstCell[row] ?? 0) + cell) * 2;
  const at = block.cells[slot] ?? 0;
  const length = block.cells[slot + 1] ?? -1;
  return length < 0 ? null : block.arena.toString('utf8', at, at + length);
}

describe('rows of a binary COPY', () => {
  test('come out as they went in, however the bytes are cut and the blocks are filled', () => {
    const value = fc.option(fc.oneof(fc.string(), fc.string({ minLength: 200, maxLength: 600 })), { nil: null });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(value, value, value), { maxLength: 40 }),
        fc.boolean(),
        fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }),
        fc.integer({ min: 64, max: 4000 }),
        fc.integer({ min: 2, max: 4 }),
        (rows, headerAlone, cuts, blockBytes, blocks) => {
          const found: Row[] = [];
          const extras: string[] = [];
          const free = Array.from({ length: blocks }, () => new RowBlock(Buffer.alloc(0), 1, 1));
          const waiting: RowBlock[] = [];
          let lasts = 0;
          const pool: BlockPool = {
            take: () => free.pop(),
            full: (block, last) => {
              if (last) lasts++;
              for (let row = 0; row < block.count; row++) {
                expect(text(block, row, 0)).toBe('meta');
                expect(text(block, row, 1)).toBe(null);
                found.push([text(block, row, 2), text(block, row, 3)]);
              }
              waiting.push(block);
            },
          };
          const status = new CopyStatus();
          const reader = new CopyRows(
            {
              layout,
              meta: () => ['meta', null],
              labels: ['last'],
              fields: 3,
              cells: 2,
              blockBytes,
              extra: (_row, _field, arena, at, length) =>
                extras.push(arena.toString('utf8', at, at + Math.max(0, length))),
            },
            pool,
            status,
          );
          const bytes = copyBytes(rows, headerAlone);
          let cut = 0;
          for (let at = 0; at < bytes.length;) {
            const size = cuts[cut++ % cuts.length] ?? 1;
            if (!reader.chunk(bytes.subarray(at, at + size))) {
              free.push(...waiting.splice(0));
              expect(reader.proceed()).toBe(true);
            }
            at += size;
          }
          expect(status.ended).toBe(true);
          expect(lasts).toBe(1);
          expect(found).toEqual(rows.map((row) => row.slice(0, 2)));
          expect(extras).toEqual(rows.map((row) => row[2] ?? ''));
        },
      ),
    );
  });

  test("keep the server's error", () => {
    const status = new CopyStatus();
    const pool: BlockPool = { take: () => new RowBlock(Buffer.alloc(0), 1, 1), full: () => undefined };
    const options = { layout, meta: () => ['m', null], fields: 2, cells: 2, blockBytes: 1024 };
    const reader = new CopyRows(options, pool, status);
    reader.chunk(frame('E', Buffer.from('SERROR\0C22012\0Mdivision by zero\0\0')));
    reader.chunk(frame('Z', Buffer.from('E')));
    expect(status.error?.message).toBe('division by zero');
  });
});
