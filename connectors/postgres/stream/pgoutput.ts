import { MillraceError } from '../../../runtime/record/error.ts';
import { NULL_CELL, UNCHANGED_CELL, type RowBlock } from '../../../runtime/record/row-block.ts';
import type { Relation, RelationColumn } from './relation.ts';

/**
 * pgoutput, protocol versions 1 to 4 (PostgreSQL documentation, "Logical Replication Message
 * Formats"). Numbers are big-endian, strings end with 0, `[xid]` is there inside a streamed
 * transaction only (between S and E, since version 2):
 *
 *     B  int64 commit-lsn, int64 time, int32 xid                   begin
 *     C  int8 0, int64 commit-lsn, int64 end-lsn, int64 time       commit
 *     O  int64 lsn, string name                                    origin
 *     R  [xid] int32 oid, string schema, string name, int8 identity,
 *        int16 n, n × { int8 key, string name, int32 type, int32 typmod }
 *     Y  [xid] int32 oid, string schema, string name               type
 *     I  [xid] int32 oid, 'N' tuple
 *     U  [xid] int32 oid, [ 'K' tuple | 'O' tuple ] 'N' tuple
 *     D  [xid] int32 oid, 'K' tuple | 'O' tuple
 *     T  [xid] int32 n, int8 options, n × int32 oid                truncate
 *     M  [xid] int8 transactional, int64 lsn, string prefix, int32 length, bytes
 *     S  int32 xid, int8 first · E · c int32 xid, then as C        streamed: start, stop, commit
 *     A  int32 xid, int32 subxid [int64 lsn, int64 time]           streamed: abort (v4: with parallel)
 *     b  int64 prepare-lsn, int64 end-lsn, int64 time, int32 xid, string gid
 *     P, K, p  int8 0, then as b (p: streamed)
 *     r  int8 0, int64 prepare-end-lsn, int64 end-lsn, int64 prepare-time, int64 time, int32 xid, string gid
 *     tuple  int16 n, n × { 'n' | 'u' | ('t' | 'b') int32 length, bytes }
 *
 * Times are microseconds since 2000-01-01T00:00Z on the wire, since 1970 in calls.
 */
export interface PgoutputHandler {
  begin(commitLsn: bigint, timeUs: bigint, xid: number): void;
  commit(commitLsn: bigint, endLsn: bigint, timeUs: bigint): void;
  origin(lsn: bigint, name: string): void;
  relation(relation: Relation): void;
  /** `at`: where the tuple begins. */
  insert(oid: number, at: number): void;
  /** `oldAt` is -1 where no old tuple was sent. */
  update(oid: number, oldAt: number, at: number): void;
  delete(oid: number, oldAt: number): void;
  truncate(oids: readonly number[], options: { readonly cascade: boolean; readonly restartIdentity: boolean }): void;
  message(message: MessageView): void;
  /** Messages of streamed and of prepared transactions. */
  special(message: SpecialMessage): void;
}

export type SpecialMessage =
  | { readonly kind: 'stream-start'; readonly xid: number; readonly first: boolean }
  | { readonly kind: 'stream-stop' }
  | {
      readonly kind: 'stream-commit';
      readonly xid: number;
      readonly commitLsn: bigint;
      readonly endLsn: bigint;
      readonly timeUs: bigint;
    }
  | {
      readonly kind: 'stream-abort';
      readonly xid: number;
      readonly subxid: number;
      readonly lsn?: bigint;
      readonly timeUs?: bigint;
    }
  | {
      readonly kind: 'begin-prepare' | 'prepare' | 'commit-prepared' | 'stream-prepare';
      readonly lsn: bigint;
      readonly endLsn: bigint;
      readonly timeUs: bigint;
      readonly xid: number;
      readonly gid: string;
    }
  | {
      readonly kind: 'rollback-prepared';
      readonly prepareEndLsn: bigint;
      readonly endLsn: bigint;
      readonly prepareTimeUs: bigint;
      readonly timeUs: bigint;
      readonly xid: number;
      readonly gid: string;
    };

/** A logical message; places are in the bytes being read. */
export interface MessageView {
  readonly transactional: boolean;
  readonly lsn: bigint;
  readonly prefixAt: number;
  readonly prefixLength: number;
  readonly contentAt: number;
  readonly contentLength: number;
}

/** Microseconds between 1970 and 2000. */
export const PG_EPOCH_US = 946_684_800_000_000n;

/** Splits messages into calls. Holds no bytes: `at` in calls is a place in the bytes of this `read`. */
export class PgoutputReader {
  readonly #handler: PgoutputHandler;
  /** Inside a streamed block: messages carry an xid. */
  #streamed = false;
  /** End of the message being read. */
  #end = 0;
  /** Xid of the last message inside a streamed block; 0 outside. */
  xid = 0;

  constructor(handler: PgoutputHandler) {
    this.#handler = handler;
  }

  /** Reads the one message in `bytes[at, end)`. Throws a `corrupt` error where it breaks the grammar. */
  read(bytes: Buffer, at: number, end: number): void {
    const code = bytes[at] ?? 0;
    let from = at + 1;
    this.#end = end;
    if (this.#streamed && carriesXid(code)) {
      this.xid = uint32(bytes, from);
      from += 4;
    }
    switch (code) {
      case 0x49: // I
        expect(bytes, from + 4, 0x4e, end);
        return this.#handler.insert(uint32(bytes, from), from + 5);
      case 0x55: // U
        return this.#update(bytes, from, end);
      case 0x44: // D
        expectOld(bytes, from + 4, end);
        return this.#handler.delete(uint32(bytes, from), from + 5);
      case 0x42: // B
        return this.#handler.begin(int64(bytes, from), time(bytes, from + 8), uint32(bytes, from + 16));
      case 0x43: // C
        return this.#handler.commit(int64(bytes, from + 1), int64(bytes, from + 9), time(bytes, from + 17));
      case 0x52: // R
        return this.#handler.relation(readRelation(bytes, from, end));
      case 0x54: // T
        return this.#truncate(bytes, from);
      case 0x4d: // M
        return this.#message(bytes, from, end);
      case 0x4f: // O
        return this.#handler.origin(int64(bytes, from), readString(bytes, from + 8, end));
      case 0x59: // Y
        return;
      default:
        return this.#special(bytes, code, from, end);
    }
  }

  /** Whether the last tuple had a column that was not sent. */
  unchanged = false;

  /**
   * Appends one cell per column of the tuple at `at` in the block's arena. Values stay where they
   * are: a cell is their place (D14). Returns where the tuple ends.
   */
  tuple(block: RowBlock, at: number, width: number): number {
    const bytes = block.arena;
    const count = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    if (count !== width) throw broken(`a tuple of ${count} columns where the relation has ${width}`);
    this.unchanged = false;
    let from = at + 2;
    for (let i = 0; i < count; i++) {
      const kind = bytes[from++];
      if (kind === 0x74 || kind === 0x62) {
        const length =
          ((bytes[from] ?? 0) << 24) |
          ((bytes[from + 1] ?? 0) << 16) |
          ((bytes[from + 2] ?? 0) << 8) |
          (bytes[from + 3] ?? 0);
        block.cell(from + 4, length);
        from += 4 + length;
      } else if (kind === 0x6e) {
        block.cell(0, NULL_CELL);
      } else if (kind === 0x75) {
        block.cell(0, UNCHANGED_CELL);
        this.unchanged = true;
      } else {
        throw broken(`a column of kind ${kind}`);
      }
    }
    if (from > this.#end) throw broken('a tuple');
    return from;
  }

  #update(bytes: Buffer, from: number, end: number): void {
    const oid = uint32(bytes, from);
    if (bytes[from + 4] === 0x4e) return this.#handler.update(oid, -1, from + 5);
    expectOld(bytes, from + 4, end);
    const newAt = skipTuple(bytes, from + 5, end);
    expect(bytes, newAt, 0x4e, end);
    this.#handler.update(oid, from + 5, newAt + 1);
  }

  #truncate(bytes: Buffer, from: number): void {
    const count = uint32(bytes, from);
    const flags = bytes[from + 4] ?? 0;
    const oids: number[] = [];
    for (let i = 0; i < count; i++) oids.push(uint32(bytes, from + 5 + i * 4));
    this.#handler.truncate(oids, { cascade: (flags & 1) !== 0, restartIdentity: (flags & 2) !== 0 });
  }

  #message(bytes: Buffer, from: number, end: number): void {
    const prefixAt = from + 9;
    const prefixEnd = stringEnd(bytes, prefixAt, end);
    const contentLength = uint32(bytes, prefixEnd + 1);
    if (prefixEnd + 5 + contentLength > end) throw broken('a logical message');
    this.#handler.message({
      transactional: (bytes[from] ?? 0) !== 0,
      lsn: int64(bytes, from + 1),
      prefixAt,
      prefixLength: prefixEnd - prefixAt,
      contentAt: prefixEnd + 5,
      contentLength,
    });
  }

  #special(bytes: Buffer, code: number, from: number, end: number): void {
    const handler = this.#handler;
    switch (code) {
      case 0x53: // S
        this.#streamed = true;
        this.xid = uint32(bytes, from);
        return handler.special({ kind: 'stream-start', xid: this.xid, first: bytes[from + 4] === 1 });
      case 0x45: // E
        this.#streamed = false;
        this.xid = 0;
        return handler.special({ kind: 'stream-stop' });
      case 0x63: // c
        return handler.special({
          kind: 'stream-commit',
          xid: uint32(bytes, from),
          commitLsn: int64(bytes, from + 5),
          endLsn: int64(bytes, from + 13),
          timeUs: time(bytes, from + 21),
        });
      case 0x41: // A
        return handler.special({
          kind: 'stream-abort',
          xid: uint32(bytes, from),
          subxid: uint32(bytes, from + 4),
          ...(from + 24 <= end ? { lsn: int64(bytes, from + 8), timeUs: time(bytes, from + 16) } : {}),
        });
      case 0x62: // b
        return handler.special({ kind: 'begin-prepare', ...prepared(bytes, from, end) });
      case 0x50: // P
        return handler.special({ kind: 'prepare', ...prepared(bytes, from + 1, end) });
      case 0x4b: // K
        return handler.special({ kind: 'commit-prepared', ...prepared(bytes, from + 1, end) });
      case 0x70: // p
        return handler.special({ kind: 'stream-prepare', ...prepared(bytes, from + 1, end) });
      case 0x72: // r
        return handler.special({
          kind: 'rollback-prepared',
          prepareEndLsn: int64(bytes, from + 1),
          endLsn: int64(bytes, from + 9),
          prepareTimeUs: time(bytes, from + 17),
          timeUs: time(bytes, from + 25),
          xid: uint32(bytes, from + 33),
          gid: readString(bytes, from + 37, end),
        });
      default:
        throw broken(`message '${String.fromCharCode(code)}'`);
    }
  }
}

function skipTuple(bytes: Buffer, at: number, end: number): number {
  const count = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  let from = at + 2;
  for (let i = 0; i < count; i++) {
    const kind = bytes[from++];
    if (kind === 0x74 || kind === 0x62) from += 4 + uint32(bytes, from);
    if (from > end) throw broken('a tuple');
  }
  return from;
}

function prepared(bytes: Buffer, from: number, end: number) {
  return {
    lsn: int64(bytes, from),
    endLsn: int64(bytes, from + 8),
    timeUs: time(bytes, from + 16),
    xid: uint32(bytes, from + 24),
    gid: readString(bytes, from + 28, end),
  };
}

function readRelation(bytes: Buffer, at: number, end: number): Relation {
  const oid = uint32(bytes, at);
  const schemaEnd = stringEnd(bytes, at + 4, end);
  const nameEnd = stringEnd(bytes, schemaEnd + 1, end);
  const identity = String.fromCharCode(bytes[nameEnd + 1] ?? 0);
  if (identity !== 'd' && identity !== 'f' && identity !== 'n' && identity !== 'i') throw broken('a relation');
  const columns: RelationColumn[] = [];
  const count = ((bytes[nameEnd + 2] ?? 0) << 8) | (bytes[nameEnd + 3] ?? 0);
  let from = nameEnd + 4;
  for (let i = 0; i < count; i++) {
    const stop = stringEnd(bytes, from + 1, end);
    columns.push({
      identity: ((bytes[from] ?? 0) & 1) !== 0,
      name: bytes.toString('utf8', from + 1, stop),
      typeOid: uint32(bytes, stop + 1),
      typmod: uint32(bytes, stop + 5) | 0,
    });
    from = stop + 9;
  }
  // An empty schema name stands for pg_catalog.
  const schema = bytes.toString('utf8', at + 4, schemaEnd) || 'pg_catalog';
  return { oid, schema, name: bytes.toString('utf8', schemaEnd + 1, nameEnd), replicaIdentity: identity, columns };
}

function carriesXid(code: number): boolean {
  return 'IUDRYTM'.includes(String.fromCharCode(code));
}

function expect(bytes: Buffer, at: number, code: number, end: number): void {
  if (at >= end || bytes[at] !== code) throw broken('a row change');
}

function expectOld(bytes: Buffer, at: number, end: number): void {
  if (at >= end || (bytes[at] !== 0x4b && bytes[at] !== 0x4f)) throw broken('a row change');
}

function uint32(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at);
}

function int64(bytes: Buffer, at: number): bigint {
  return bytes.readBigUInt64BE(at);
}

function time(bytes: Buffer, at: number): bigint {
  return bytes.readBigInt64BE(at) + PG_EPOCH_US;
}

function stringEnd(bytes: Buffer, at: number, end: number): number {
  const stop = bytes.indexOf(0, at);
  if (stop < 0 || stop >= end) throw broken('a string');
  return stop;
}

function readString(bytes: Buffer, at: number, end: number): string {
  return bytes.toString('utf8', at, stringEnd(bytes, at, end));
}

function broken(what: string): MillraceError {
  return new MillraceError(
    'POSTGRES_STREAM_BROKEN',
    `the replication stream holds ${what} that pgoutput does not send`,
    {
      kind: 'corrupt',
      remedy: 'Restart the task. If it happens again, report it with the server version.',
    },
  );
}
