import type { Relation } from '../../../../../connectors/postgres/stream/relation.ts';

/** Writes pgoutput messages by the documentation's grammar, independently of the reader. */

export type Cell = string | null | undefined;
const EPOCH = 946_684_800_000_000n;

const text = (value: string): Buffer => Buffer.from(`${value}\0`);

function bytes(...parts: readonly (Buffer | string)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
}

function number(size: 1 | 2 | 4 | 8, value: number | bigint): Buffer {
  const made = Buffer.alloc(8);
  made.writeBigInt64BE(BigInt.asIntN(64, BigInt(value)));
  return made.subarray(8 - size);
}

/** undefined: unchanged. */
function tuple(cells: readonly Cell[]): Buffer {
  return bytes(
    number(2, cells.length),
    ...cells.map((cell) => {
      if (cell === null) return 'n';
      if (cell === undefined) return 'u';
      const value = Buffer.from(cell);
      return bytes('t', number(4, value.length), value);
    }),
  );
}

const xid = (value: number | undefined): Buffer => (value === undefined ? Buffer.alloc(0) : number(4, value));

export const write = {
  begin: (commitLsn: bigint, timeUs: bigint, id: number) =>
    bytes('B', number(8, commitLsn), number(8, timeUs - EPOCH), number(4, id)),
  commit: (commitLsn: bigint, endLsn: bigint, timeUs: bigint) =>
    bytes('C', number(1, 0), number(8, commitLsn), number(8, endLsn), number(8, timeUs - EPOCH)),
  origin: (lsn: bigint, name: string) => bytes('O', number(8, lsn), text(name)),
  relation: (relation: Relation, stream?: number) =>
    bytes(
      'R',
      xid(stream),
      number(4, relation.oid),
      text(relation.schema),
      text(relation.name),
      relation.replicaIdentity,
      number(2, relation.columns.length),
      ...relation.columns.map((column) =>
        bytes(
          number(1, column.identity ? 1 : 0),
          text(column.name),
          number(4, column.typeOid),
          number(4, column.typmod),
        ),
      ),
    ),
  type: (oid: number, schema: string, name: string, stream?: number) =>
    bytes('Y', xid(stream), number(4, oid), text(schema), text(name)),
  insert: (oid: number, cells: readonly Cell[], stream?: number) =>
    bytes('I', xid(stream), number(4, oid), 'N', tuple(cells)),
  update: (
    oid: number,
    old: { readonly kind: 'K' | 'O'; readonly cells: readonly Cell[] } | undefined,
    cells: readonly Cell[],
    stream?: number,
  ) =>
    bytes(
      'U',
      xid(stream),
      number(4, oid),
      old === undefined ? Buffer.alloc(0) : bytes(old.kind, tuple(old.cells)),
      'N',
      tuple(cells),
    ),
  delete: (oid: number, kind: 'K' | 'O', cells: readonly Cell[], stream?: number) =>
    bytes('D', xid(stream), number(4, oid), kind, tuple(cells)),
  truncate: (oids: readonly number[], flags: number, stream?: number) =>
    bytes('T', xid(stream), number(4, oids.length), number(1, flags), ...oids.map((oid) => number(4, oid))),
  message: (transactional: boolean, lsn: bigint, prefix: string, content: Buffer, stream?: number) =>
    bytes(
      'M',
      xid(stream),
      number(1, transactional ? 1 : 0),
      number(8, lsn),
      text(prefix),
      number(4, content.length),
      content,
    ),
  streamStart: (id: number, first: boolean) => bytes('S', number(4, id), number(1, first ? 1 : 0)),
  streamStop: () => bytes('E'),
  streamCommit: (id: number, commitLsn: bigint, endLsn: bigint, timeUs: bigint) =>
    bytes('c', number(4, id), number(1, 0), number(8, commitLsn), number(8, endLsn), number(8, timeUs - EPOCH)),
  streamAbort: (id: number, sub: number, parallel?: { readonly lsn: bigint; readonly timeUs: bigint }) =>
    bytes(
      'A',
      number(4, id),
      number(4, sub),
      parallel === undefined ? Buffer.alloc(0) : bytes(number(8, parallel.lsn), number(8, parallel.timeUs - EPOCH)),
    ),
  prepared: (code: 'b' | 'P' | 'K' | 'p', lsn: bigint, endLsn: bigint, timeUs: bigint, id: number, gid: string) =>
    bytes(
      code,
      code === 'b' ? Buffer.alloc(0) : number(1, 0),
      number(8, lsn),
      number(8, endLsn),
      number(8, timeUs - EPOCH),
      number(4, id),
      text(gid),
    ),
  rollbackPrepared: (
    prepareEndLsn: bigint,
    endLsn: bigint,
    prepareTimeUs: bigint,
    timeUs: bigint,
    id: number,
    gid: string,
  ) =>
    bytes(
      'r',
      number(1, 0),
      number(8, prepareEndLsn),
      number(8, endLsn),
      number(8, prepareTimeUs - EPOCH),
      number(8, timeUs - EPOCH),
      number(4, id),
      text(gid),
    ),
  /** A CopyData frame with XLogData. */
  xlog: (lsn: bigint, message: Buffer) =>
    bytes('d', number(4, 4 + 25 + message.length), 'w', number(8, lsn), number(8, lsn), number(8, 0), message),
  keepalive: (walEnd: bigint, reply: boolean) =>
    bytes('d', number(4, 4 + 18), 'k', number(8, walEnd), number(8, 0), number(1, reply ? 1 : 0)),
};
