import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NULL_CELL, RowBlock, UNCHANGED_CELL } from '../../../../../runtime/record/row-block.ts';
import {
  PgoutputReader,
  type PgoutputHandler,
  type SpecialMessage,
} from '../../../../../connectors/postgres/stream/pgoutput.ts';
import type { Relation } from '../../../../../connectors/postgres/stream/relation.ts';
import { write, type Cell } from './pgoutput-writer.ts';

const lsn = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const timeUs = fc.bigInt({ min: -(1n << 60n), max: 1n << 60n });
const xid = fc.integer({ min: 0, max: 0xffff_ffff });
const oid = xid;
const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).filter((text) => !text.includes('\0'));
const cell = fc.oneof(
  fc.constant<Cell>(null),
  fc.constant<Cell>(undefined),
  fc.string({ unit: 'binary', maxLength: 300 }),
);
const cells = fc.array(cell, { maxLength: 12 });
const relation: fc.Arbitrary<Relation> = fc.record({
  oid,
  schema: name,
  name,
  replicaIdentity: fc.constantFrom('d', 'f', 'n', 'i'),
  columns: fc.array(
    fc.record({ name, typeOid: oid, typmod: fc.integer({ min: -1, max: 0x7fff_ffff }), identity: fc.boolean() }),
    { maxLength: 10 },
  ),
});

/** Reads one message; everything the handler heard, with tuples as texts. */
function read(message: Buffer, width: number, before: readonly Buffer[] = []): unknown {
  // Bytes around the message must not matter.
  const block = new RowBlock(Buffer.concat([Buffer.alloc(3, 0xff), message, Buffer.alloc(9, 0x74)]));
  let heard: unknown;
  const texts = (at: number): Cell[] => {
    const first = block.cellCount;
    reader.tuple(block, at, width);
    return Array.from({ length: width }, (_, i) => {
      const start = block.cells[(first + i) * 2] as number;
      const length = block.cells[(first + i) * 2 + 1] as number;
      if (length === NULL_CELL) return null;
      return length === UNCHANGED_CELL ? undefined : block.arena.toString('utf8', start, start + length);
    });
  };
  const handler: PgoutputHandler = {
    begin: (...args) => (heard = ['begin', ...args]),
    commit: (...args) => (heard = ['commit', ...args]),
    origin: (...args) => (heard = ['origin', ...args]),
    relation: (args) => (heard = ['relation', args]),
    insert: (table, at) => (heard = ['insert', table, texts(at)]),
    update: (table, oldAt, at) => (heard = ['update', table, oldAt < 0 ? undefined : texts(oldAt), texts(at)]),
    delete: (table, at) => (heard = ['delete', table, texts(at)]),
    truncate: (oids, options) => (heard = ['truncate', oids, options]),
    message: (view) =>
      (heard = [
        'message',
        view.transactional,
        view.lsn,
        block.arena.toString('utf8', view.prefixAt, view.prefixAt + view.prefixLength),
        block.arena.subarray(view.contentAt, view.contentAt + view.contentLength).toString('hex'),
      ]),
    special: (special) => (heard = special),
  };
  const reader = new PgoutputReader(handler);
  for (const each of before) reader.read(each, 0, each.length);
  heard = undefined;
  reader.read(block.arena, 3, 3 + message.length);
  return heard;
}

/** Property over a message in a plain and in a streamed transaction. */
function both<T>(arbitrary: fc.Arbitrary<T>, check: (value: T, stream: number | undefined, before: Buffer[]) => void) {
  fc.assert(
    fc.property(arbitrary, fc.option(xid, { nil: undefined }), (value, stream) => {
      check(value, stream, stream === undefined ? [] : [write.streamStart(1, true)]);
    }),
  );
}

function expected(message: Buffer, special: SpecialMessage): void {
  expect(read(message, 0)).toEqual(special);
}

describe('reading what was written', () => {
  test('begin, commit, origin', () => {
    fc.assert(
      fc.property(lsn, lsn, timeUs, xid, name, (a, b, time, id, origin) => {
        expect(read(write.begin(a, time, id), 0)).toEqual(['begin', a, time, id]);
        expect(read(write.commit(a, b, time), 0)).toEqual(['commit', a, b, time]);
        expect(read(write.origin(a, origin), 0)).toEqual(['origin', a, origin]);
      }),
    );
  });

  test('relations and types', () => {
    both(relation, (made, stream, before) => {
      expect(read(write.relation(made, stream), 0, before)).toEqual(['relation', made]);
      expect(read(write.type(made.oid, made.schema, made.name, stream), 0, before)).toBeUndefined();
    });
  });

  test('inserts, updates, deletes', () => {
    both(
      fc.tuple(oid, cells, fc.constantFrom('K', 'O'), fc.boolean()),
      ([table, row, kind, withOld], stream, before) => {
        const old = row.map((value) => (value === undefined ? null : value)).reverse();
        expect(read(write.insert(table, row, stream), row.length, before)).toEqual(['insert', table, row]);
        expect(
          read(write.update(table, withOld ? { kind, cells: old } : undefined, row, stream), row.length, before),
        ).toEqual(['update', table, withOld ? old : undefined, row]);
        expect(read(write.delete(table, kind, old, stream), row.length, before)).toEqual(['delete', table, old]);
      },
    );
  });

  test('truncates and logical messages', () => {
    both(
      fc.tuple(fc.array(oid, { maxLength: 5 }), fc.boolean(), lsn, name, fc.uint8Array({ maxLength: 200 })),
      ([tables, flag, at, prefix, content], stream, before) => {
        expect(read(write.truncate(tables, flag ? 3 : 0, stream), 0, before)).toEqual([
          'truncate',
          tables,
          { cascade: flag, restartIdentity: flag },
        ]);
        const bytes = Buffer.from(content);
        expect(read(write.message(flag, at, prefix, bytes, stream), 0, before)).toEqual([
          'message',
          flag,
          at,
          prefix,
          bytes.toString('hex'),
        ]);
      },
    );
  });

  test('streamed and prepared transactions (versions 2 to 4)', () => {
    fc.assert(
      fc.property(xid, xid, lsn, lsn, timeUs, name, (id, sub, a, b, time, gid) => {
        expected(write.streamStart(id, true), { kind: 'stream-start', xid: id, first: true });
        expected(write.streamStop(), { kind: 'stream-stop' });
        expected(write.streamCommit(id, a, b, time), {
          kind: 'stream-commit',
          xid: id,
          commitLsn: a,
          endLsn: b,
          timeUs: time,
        });
        expected(write.streamAbort(id, sub), { kind: 'stream-abort', xid: id, subxid: sub });
        expected(write.streamAbort(id, sub, { lsn: a, timeUs: time }), {
          kind: 'stream-abort',
          xid: id,
          subxid: sub,
          lsn: a,
          timeUs: time,
        });
        const kinds = { b: 'begin-prepare', P: 'prepare', K: 'commit-prepared', p: 'stream-prepare' } as const;
        for (const code of ['b', 'P', 'K', 'p'] as const) {
          const special = { kind: kinds[code], lsn: a, endLsn: b, timeUs: time, xid: id, gid };
          expected(write.prepared(code, a, b, time, id, gid), special);
        }
        expected(write.rollbackPrepared(a, b, time, time, id, gid), {
          kind: 'rollback-prepared',
          prepareEndLsn: a,
          endLsn: b,
          prepareTimeUs: time,
          timeUs: time,
          xid: id,
          gid,
        });
      }),
    );
  });

  test('messages after a streamed block carry no xid again', () => {
    expect(read(write.insert(7, ['a']), 1, [write.streamStart(1, true), write.streamStop()])).toEqual([
      'insert',
      7,
      ['a'],
    ]);
  });
});

describe('what pgoutput does not send', () => {
  test('is a corrupt stream, never a wrong row', () => {
    const corrupt = expect.objectContaining({ code: 'POSTGRES_STREAM_BROKEN', kind: 'corrupt' });
    expect(() => read(Buffer.from('?'), 0)).toThrow(corrupt);
    expect(() => read(write.insert(1, ['a', 'b']), 3)).toThrow(corrupt);
    const wrong = write.insert(1, ['a']);
    wrong[wrong.length - 6] = 0x7a;
    expect(() => read(wrong, 1)).toThrow(corrupt);
    const cut = write.insert(1, ['abcdef']);
    expect(() => read(cut.subarray(0, cut.length - 3), 1)).toThrow(corrupt);
  });
});
