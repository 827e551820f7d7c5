import type { Table } from '../../catalog/table.ts';
import { withoutComments } from '../../stream/query-event.ts';
import { definedDatabase, definitionOf } from '../definition.ts';
import type { TableChange } from '../table-change.ts';
import type { HistoryPlace } from './read-ahead.ts';

/**
 * One entry of the schema history. Written as Debezium's `HistoryRecord` (`source`, `position`, `ts_ms`,
 * `databaseName`, `ddl`, `tableChanges`); what is needed to read rows stands below `millrace`, since Debezium's form has
 * neither the kind of an integer's text nor defaults as they are.
 */
export interface HistoryEntry {
  /**
   * `begin`: nothing before counts, and from its place on every statement is here. `statement`: one on definitions.
   * `structure`: tables that were found to be so from its place on.
   */
  readonly kind: 'begin' | 'statement' | 'structure';
  /** Of the last `begin`. */
  readonly epoch: string;
  /** `@@server_uuid`: whose file and position it is. */
  readonly server: string;
  /** A statement's own; '' without GTIDs. */
  readonly gtid: string;
  /** What the entry says holds from here on. */
  readonly place: HistoryPlace;
  /** The statement, in its session's database; '' where there is none. */
  readonly sql: string;
  readonly database: string;
  /** Tables as they are from the place on, as far as it is known. */
  readonly tables: readonly Table[];
  /** The same, and tables that are gone, as Debezium describes them. */
  readonly changes: readonly TableChange[];
}

/** What identifies a statement: it is read again after a restart. */
export function statementKey({ gtid, server, place }: Pick<HistoryEntry, 'gtid' | 'server' | 'place'>): string {
  return gtid === '' ? `${server}/${place.file}:${place.position}` : gtid;
}

/** `prefix`: `topic.prefix`. */
export function writeEntry(entry: HistoryEntry, prefix: string, nowMs: number): string {
  const { kind, epoch, server, gtid, place, sql, database, tables, changes } = entry;
  const { file, position, gtids } = place;
  return JSON.stringify({
    source: { server: prefix },
    position: {
      file,
      pos: position,
      ...(gtids === '' ? {} : { gtids }),
      ...(kind === 'begin' ? { snapshot: true } : {}),
    },
    ts_ms: nowMs,
    databaseName: subjectOf(entry),
    ddl: sql,
    tableChanges: changes,
    millrace: { kind, epoch, server, transaction: gtid, database, tables },
  });
}

/** The database that a statement is about: not always its session's. */
function subjectOf({ sql, database, tables }: HistoryEntry): string {
  const text = withoutComments(sql);
  const named = definedDatabase(text) ?? definitionOf(text, database)?.tables[0]?.database;
  return named ?? tables[0]?.database ?? database;
}

/** undefined: no entry of ours for this prefix. */
export function readEntry(text: string, prefix: string): HistoryEntry | undefined {
  const record = asObject(parse(text));
  const own = asObject(record?.['millrace']);
  const position = asObject(record?.['position']);
  if (record === undefined || own === undefined || position === undefined) return undefined;
  if (asObject(record['source'])?.['server'] !== prefix) return undefined;
  const { kind, epoch, server, transaction, database, tables } = own;
  if (kind !== 'begin' && kind !== 'statement' && kind !== 'structure') return undefined;
  return {
    kind,
    epoch: asText(epoch),
    server: asText(server),
    gtid: asText(transaction),
    place: {
      file: asText(position['file']),
      position: Number(position['pos']),
      gtids: asText(position['gtids']),
    },
    sql: asText(record['ddl']),
    database: asText(database),
    tables: Array.isArray(tables) ? (tables as Table[]) : [],
    changes: [],
  };
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
