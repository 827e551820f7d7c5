import { FIELD } from '../../../../../../connectors/mysql/binlog/field-type.ts';
import type { RawColumn } from '../../../../../../connectors/mysql/binlog/map-column.ts';
import type { TableMap } from '../../../../../../connectors/mysql/binlog/table-map.ts';
import type { Table, NamedTable } from '../../../../../../connectors/mysql/catalog/table.ts';
import type { StreamPlace } from '../../../../../../connectors/mysql/offset.ts';
import { trace, type Finding } from '../../../../../../connectors/mysql/schema/history/present-structure.ts';
import type { HistoryPlace, LaterStatement } from '../../../../../../connectors/mysql/schema/history/read-ahead.ts';
import { statementEffect } from '../../../../../../connectors/mysql/schema/history/statement-effect.ts';
import { plainColumn } from '../../plain-column.ts';

/** One transaction of the binlog. */
export type ModelEvent =
  | { readonly kind: 'ddl'; readonly sql: string }
  /** `column`: what the only column of the table is called where the rows were written. */
  | { readonly kind: 'rows'; readonly table: string; readonly column: string };

export const DATABASE = 'app';
const SERVER = '00000000-0000-0000-0000-000000000001';
const STEP = 100;

/** A server whose tables have one column each, all of one type: which it is, only its name tells. */
export class ModelServer {
  readonly binlog: ModelEvent[] = [];
  /** Name of the table → of its column. */
  readonly tables = new Map<string, string>();
  readonly #gtids: boolean;
  #columns = 0;

  constructor(gtids: boolean) {
    this.#gtids = gtids;
  }

  create(table: string): void {
    const column = this.#column();
    if (this.tables.has(table)) {
      this.#ddl(`create table if not exists ${table} (${column} int)`);
      return;
    }
    this.tables.set(table, column);
    this.#ddl(`create table ${table} (${column} int)`);
  }

  alter(table: string): void {
    if (!this.tables.has(table)) return;
    const column = this.#column();
    this.#ddl(`alter table ${table} change ${this.tables.get(table)} ${column} int`);
    this.tables.set(table, column);
  }

  drop(table: string): void {
    if (this.tables.delete(table)) this.#ddl(`drop table ${table}`);
  }

  /** `table` gets the structure of `other`, and the other way around. */
  swap(table: string, other: string): void {
    const [a, b] = [this.tables.get(table), this.tables.get(other)];
    if (a === undefined || b === undefined || table === other) return;
    this.tables.set(table, b);
    this.tables.set(other, a);
    this.#ddl(`rename table ${table} to _swap, ${other} to ${table}, _swap to ${other}`);
  }

  rename(table: string, to: string): void {
    const column = this.tables.get(table);
    if (column === undefined || this.tables.has(to)) return;
    this.tables.delete(table);
    this.tables.set(to, column);
    this.#ddl(`rename table ${table} to ${to}`);
  }

  index(table: string): void {
    if (this.tables.has(table)) this.#ddl(`alter table ${table} add index i (${this.tables.get(table)})`);
  }

  rows(table: string): void {
    const column = this.tables.get(table);
    if (column !== undefined) this.binlog.push({ kind: 'rows', table, column });
  }

  /** After so many events. */
  place(count: number): StreamPlace {
    const gtids = this.#gtids && count > 0 ? `${SERVER}:1-${count}` : '';
    return { file: 'binlog.000001', position: 4 + count * STEP, gtids, event: 0, transaction: '' };
  }

  gtid(count: number): string {
    return this.#gtids ? `${SERVER}:${count}` : '';
  }

  get uuid(): string {
    return SERVER;
  }

  /** What `PresentStructure` finds: from the tables as they are now, and the statements after the place. */
  at(place: HistoryPlace, tables: readonly NamedTable[]): Promise<readonly Finding[]> {
    const from = (place.position - 4) / STEP;
    const later = this.binlog.slice(from).flatMap((event, i): LaterStatement[] => {
      if (event.kind === 'rows') return [];
      const effect = statementEffect(event.sql, DATABASE);
      const { file, position } = this.place(from + i + 1);
      return effect === undefined ? [] : [{ gtid: '', file, position, sql: event.sql, effect }];
    });
    return Promise.resolve(
      tables.map((table): Finding => {
        const end = trace(table, later);
        if ('by' in end) return { kind: 'changed', by: end.by };
        const column = this.tables.get(end.name);
        if (column === undefined) return { kind: 'gone', name: end };
        return { kind: 'known', table: structure(table.name, column), change: { type: 'ALTER', id: '', table: null } };
      }),
    );
  }

  #ddl(sql: string): void {
    this.binlog.push({ kind: 'ddl', sql });
  }

  #column(): string {
    return `c${++this.#columns}`;
  }
}

function structure(name: string, column: string): Table {
  return { database: DATABASE, name, columns: [plainColumn(column, 'int')], key: [] };
}

/** The description of the table in the binlog: it has one int. */
export function modelMap(name: string): TableMap {
  const column: RawColumn = {
    type: FIELD.long,
    first: 0,
    second: 0,
    name: '',
    notNull: false,
    unsigned: false,
    labels: [],
    geometry: 0,
  };
  return { head: { id: 1, database: DATABASE, name }, columns: [column], key: [] };
}
