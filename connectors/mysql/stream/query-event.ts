import type { NamedTable } from '../catalog/table.ts';
import { unpack } from '../binlog/rows-event.ts';
import { namedTable, QUALIFIED } from '../schema/named-table.ts';
import type { PayloadReader } from '../wire/payload-reader.ts';

/** A QUERY event: a statement that is not rows. */
export interface QueryEvent {
  readonly thread: number;
  /** Default database of the session. */
  readonly database: string;
  readonly sql: string;
}

/** `thread:u32 time:u32 database-length:u8 error:u16 status-length:u16 status database 0 sql` */
export function readQueryEvent(reader: PayloadReader, compressed: boolean): QueryEvent {
  const thread = reader.u32();
  reader.skip(4);
  const databaseLength = reader.u8();
  reader.skip(2);
  reader.skip(reader.u16());
  const database = reader.text(databaseLength);
  reader.skip(1);
  const sql = compressed ? unpack(reader.bytes, reader.at, reader.end).toString('utf8') : reader.text(reader.left);
  return { thread, database, sql };
}

/** What a statement in the binlog is to us. */
export type StatementKind =
  | 'begin'
  | 'commit'
  | 'rollback'
  /** Says nothing that rows do not say. */
  | 'none'
  /** Rows in statement format. */
  | 'dml'
  | 'truncate'
  | 'xa-rollback'
  | 'ddl';

const LEADING = /^(?:\s|\/\*(?!!)[\s\S]*?\*\/|--[^\n]*\n|#[^\n]*\n)+/;
/** `/*!40000 … ` is run by servers from that version on. */
const VERSIONED = /^\/\*M?!\d*\s*/;

const QUOTED = /`(?:[^`]|``)*`|'(?:[^'\\]|''|\\[\s\S])*'|"(?:[^"\\]|""|\\[\s\S])*"/g;
/** A table made with rows in it. In row format it is made empty, and its rows follow. */
const SELECT = /^create\s(?:or\s+replace\s+)?table\b[\s\S]*\bselect\b/i;

export function classify(sql: string): StatementKind {
  const text = withoutComments(sql);
  const [word = '', second = '', third = ''] = text
    .slice(0, 200)
    .toLowerCase()
    .split(/[\s(;`]+/, 3);
  switch (word) {
    case 'begin':
      return 'begin';
    case 'commit':
      return 'commit';
    case 'rollback':
      return second === 'to' || third === 'to' ? 'none' : 'rollback';
    case 'savepoint':
    case 'release':
    case 'set':
    case 'flush':
    case 'use':
      return 'none';
    case 'xa':
      return second === 'rollback'
        ? 'xa-rollback'
        : second === 'commit'
          ? 'commit'
          : second === 'start'
            ? 'begin'
            : 'none';
    case 'insert':
    case 'update':
    case 'delete':
    case 'replace':
    case 'load':
    case 'with':
    // A stored function that changes rows.
    case 'select':
    case 'do':
      return 'dml';
    case 'truncate':
      return 'truncate';
    case 'create':
      return SELECT.test(text.replaceAll(QUOTED, '')) ? 'dml' : 'ddl';
    default:
      return 'ddl';
  }
}

/** The begin of an XA transaction's rows, as the server writes it. */
export function isXa(sql: string): boolean {
  return sql.startsWith('XA ');
}

/** Partitions and tablespaces that go, come or change places with all their rows. */
const MOVES_ROWS =
  /^alter\b[\s\S]*\b(?:(?:drop|truncate|exchange)\s+partition\b(?!\s+by)|(?:import|discard)\s+(?:partition\b[\s\S]*)?tablespace)\b/i;

/** Whether a definition changes which rows a table has. The binlog shows none of them. */
export function movesRows(sql: string): boolean {
  return MOVES_ROWS.test(withoutComments(sql).replaceAll(QUOTED, 'x'));
}

/** The statement from its first word on. */
export function withoutComments(sql: string): string {
  return sql.replace(LEADING, '').replace(VERSIONED, '');
}

const TABLE = new RegExp(
  `^(?:truncate(?:\\s+table)?|delete\\s+from|insert\\s+(?:low_priority\\s+|delayed\\s+|high_priority\\s+|ignore\\s+)*into|replace\\s+into|update|load\\s+data[\\s\\S]*?into\\s+table|create(?:\\s+or\\s+replace)?(?:\\s+temporary)?\\s+table(?:\\s+if\\s+not\\s+exists)?|alter(?:\\s+online)?(?:\\s+ignore)?\\s+table(?:\\s+if\\s+exists)?|drop(?:\\s+temporary)?\\s+table(?:\\s+if\\s+exists)?|rename\\s+table(?:\\s+if\\s+exists)?)\\s+${QUALIFIED}`,
  'i',
);

/** An UPDATE of several tables: which of them it changes stands behind SET. */
const UPDATE_OF_SEVERAL = /^update\b(?:(?!\bset\b)[\s\S])*(?:,|\bjoin\b)/i;

/** The table whose rows a statement changes; undefined: it may be others, or cannot be told. */
export function changedTable(event: QueryEvent): NamedTable | undefined {
  return UPDATE_OF_SEVERAL.test(withoutComments(event.sql)) ? undefined : firstTable(event);
}

/** The (first) table a statement names; undefined: it cannot be told. */
export function firstTable({ sql, database }: QueryEvent): NamedTable | undefined {
  const found = TABLE.exec(withoutComments(sql));
  return found === null ? undefined : namedTable(found[1], found[2], database);
}
