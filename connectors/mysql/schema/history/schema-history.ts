import { createHash } from 'node:crypto';
import type { Journal } from '../../../../runtime/connector/source.ts';
import type { Env } from '../../../../runtime/env/env.ts';
import type { JsonObject } from '../../../../runtime/record/record.ts';
import type { TableMap } from '../../binlog/table-map.ts';
import { tableName, type Table, type NamedTable } from '../../catalog/table.ts';
import type { StoredOffset, StreamPlace } from '../../offset.ts';
import { withoutComments, type QueryEvent } from '../../stream/query-event.ts';
import { definitionOf } from '../definition.ts';
import { droppedTable } from '../table-change.ts';
import { readEntry, statementKey, writeEntry, type HistoryEntry } from './history-record.ts';
import { structureMismatch, structureUnknown, structuresMoved } from './history-error.ts';
import { structuredTable } from './map-structure.ts';
import { PassedEntries } from './passed-entries.ts';
import type { Finding, PresentStructure } from './present-structure.ts';
import type { HistoryPlace } from './read-ahead.ts';
import { statementEffect, type StatementEffect } from './statement-effect.ts';

export interface HistoryEdges {
  readonly env: Env;
  /** `topic.prefix` */
  readonly prefix: string;
  /** `@@server_uuid` */
  readonly server: string;
  readonly journal: Journal;
  readonly present: Pick<PresentStructure, 'at'>;
  /** `schema.history.internal.store.only.captured.tables.ddl` */
  readonly onlyCaptured: boolean;
  captures(database: string, name: string): boolean;
  /** Hears how many tables' structures are known. */
  known(tables: number): void;
}

/** Tables that are read anew at once after a statement; where it concerns more, they are when rows of theirs come. */
const MAX_TABLES = 20;
/** In the stream's offset: which history its place belongs to. */
const TAG = 'millrace.history';

/**
 * The structures of captured tables, for binlogs that do not describe their tables (MySQL 5.7), in a topic of the hub.
 *
 * Procedure: `resume` reads the topic for the stored place, or `begin` starts a history at a new one. Each statement
 * that may have changed a definition goes through `statement` before the place passes it: what it concerns is not known
 * any more, until it is read anew and proven (see `PresentStructure`). `table` gives the structure of a table map that
 * follows. An entry is durable before a row that needs it goes out.
 *
 * Invariant: a structure is known at a place only if no statement between it and the place may have changed it (I6).
 * So a history counts only for a place that its own stream came to: the tag in the offset, which an altered offset does
 * not have.
 */
export class SchemaHistory {
  readonly #edges: HistoryEdges;
  readonly #signal: AbortSignal;
  #epoch = '';
  readonly #known = new Map<string, Table>();
  /** Statements that were written before the stream went back, in their order: they are not looked up again. */
  readonly #future = new Map<string, readonly Table[]>();
  #last: { readonly key: string; readonly tables: readonly Table[] } | undefined;

  constructor(edges: HistoryEdges, signal: AbortSignal) {
    this.#edges = edges;
    this.#signal = signal;
  }

  /** Goes on at a stored place. A history that is not of this place is begun anew, with nothing known. */
  async resume({ place, server }: StoredOffset, offset: JsonObject | undefined): Promise<void> {
    const entries: HistoryEntry[] = [];
    await this.#edges.journal.read((bytes) => {
      const entry = readEntry(bytes.toString('utf8'), this.#edges.prefix);
      if (entry?.kind === 'begin') entries.length = 0;
      if (entry !== undefined && (entry.kind === 'begin' || entry.epoch === entries[0]?.epoch)) entries.push(entry);
    }, this.#signal);
    const [first] = entries;
    const passed = new PassedEntries(place, server);
    if (first === undefined || !isOf(first, place, offset) || !entries.every((entry) => passed.compares(entry))) {
      await this.#begin(place, []);
      return;
    }
    this.#epoch = first.epoch;
    for (const entry of entries) this.#replay(entry, passed.includes(entry));
    this.#tell();
  }

  /** Begins a history at a snapshot's place, with its tables. Throws `busy` where one of them changed meanwhile. */
  async begin(place: StreamPlace, tables: readonly NamedTable[]): Promise<void> {
    const findings = await this.#edges.present.at(place, tables, this.#signal);
    const moved = tables.filter((_, i) => findings[i]?.kind !== 'known');
    if (moved.length > 0) throw structuresMoved(moved.map(tableName));
    await this.#begin(place, findings);
  }

  /** Forgets what the topic holds: the structures are found anew from here on (`snapshot.mode=recovery`). */
  recover(place: StreamPlace): Promise<void> {
    return this.#begin(place, []);
  }

  /** A statement on definitions; `after`: the place behind it, `gtid`: its own. Resolves when it is durable. */
  async statement(event: QueryEvent, after: HistoryPlace, gtid: string): Promise<void> {
    const effect = statementEffect(event.sql, event.database);
    if (effect === undefined) return;
    const key = statementKey({ gtid, server: this.#edges.server, place: after });
    const concerned = [...this.#known.values()].filter((table) => changes(effect, table));
    const written = this.#written(key);
    if (written !== undefined) {
      for (const table of concerned) this.#known.delete(tableName(table));
      this.#learn(written);
      return;
    }
    const definition = definitionOf(withoutComments(event.sql), event.database);
    const named = (definition?.tables ?? []).filter(
      (table) => this.#edges.captures(table.database, table.name) && !this.#isKept(effect, table),
    );
    // A table that was captured once stays among the concerned: what became of it is written, left out or not.
    if (this.#edges.onlyCaptured && concerned.length === 0 && named.length === 0) return;
    const dropped = definition?.type === 'DROP' ? named : [];
    const wanted = new Map<string, NamedTable>();
    for (const table of concerned.length > MAX_TABLES ? named : [...concerned, ...named])
      wanted.set(tableName(table), table);
    for (const table of dropped) wanted.delete(tableName(table));
    const findings = wanted.size === 0 ? [] : await this.#edges.present.at(after, [...wanted.values()], this.#signal);
    for (const table of concerned) this.#known.delete(tableName(table));
    const { sql, database } = event;
    const tables = await this.#append({ kind: 'statement', gtid, place: after, sql, database }, findings, dropped);
    this.#last = { key, tables };
  }

  /** A table that is known is there. */
  #isKept(effect: StatementEffect, table: NamedTable): boolean {
    return effect.onlyIfMissing === true && this.#known.has(tableName(table));
  }

  /** What was written of a statement that comes again: after a restart, or a lost connection. */
  #written(key: string): readonly Table[] | undefined {
    const written = this.#future.get(key);
    this.#future.delete(key);
    return written ?? (this.#last?.key === key ? this.#last.tables : undefined);
  }

  /** The table of a map that does not describe it; `at`: where the transaction begins. Throws where it is not known. */
  table(map: TableMap, at: HistoryPlace): Table | Promise<Table> {
    const known = this.#known.get(tableName(map.head));
    return known === undefined ? this.#find(map, at) : fitted(map, known, at);
  }

  /** What an offset at this place has to keep. */
  tag(place: StreamPlace): JsonObject {
    return { [TAG]: tagOf(this.#epoch, place) };
  }

  /** Nothing is known of it: a table that was captured only now, or whose last change is not the latest any more. */
  async #find(map: TableMap, at: HistoryPlace): Promise<Table> {
    const { database, name } = map.head;
    const [finding] = await this.#edges.present.at(at, [{ database, name }], this.#signal);
    if (finding === undefined || finding.kind !== 'known') throw structureUnknown(map.head, at, finding);
    const table = fitted(map, finding.table, at);
    // Where the stream went back, the topic's order is that of later places: it is found again instead.
    if (this.#future.size > 0) this.#learn([finding.table]);
    else await this.#append({ kind: 'structure', gtid: '', place: at, sql: '', database }, [finding], []);
    return table;
  }

  async #begin({ file, position, gtids }: StreamPlace, findings: readonly Finding[]): Promise<void> {
    this.#epoch = this.#edges.env.random.uuid();
    this.#known.clear();
    this.#future.clear();
    const place = { file, position, gtids };
    const nothing = { gtid: '', place, sql: '', database: '' };
    const structures = findings.map((finding) => this.#entry({ ...nothing, kind: 'structure' }, [finding], []));
    await this.#write([this.#entry({ ...nothing, kind: 'begin' }, [], []), ...structures]);
  }

  async #append(
    what: Pick<HistoryEntry, 'kind' | 'gtid' | 'place' | 'sql' | 'database'>,
    findings: readonly Finding[],
    dropped: readonly NamedTable[],
  ): Promise<readonly Table[]> {
    const entry = this.#entry(what, findings, dropped);
    await this.#write([entry]);
    return entry.tables;
  }

  /** Durable before a row goes out that needs it (I1). */
  async #write(entries: readonly HistoryEntry[]): Promise<void> {
    const { journal, prefix, env } = this.#edges;
    const nowMs = env.clock.nowMs();
    await journal.append(entries.map((entry) => writeEntry(entry, prefix, nowMs)));
    env.crash?.('history.written');
    this.#learn(entries.flatMap(({ tables }) => tables));
  }

  #entry(
    what: Pick<HistoryEntry, 'kind' | 'gtid' | 'place' | 'sql' | 'database'>,
    findings: readonly Finding[],
    dropped: readonly NamedTable[],
  ): HistoryEntry {
    const found = findings.flatMap((finding) => (finding.kind === 'known' ? [finding] : []));
    const type = changeType(what);
    return {
      ...what,
      epoch: this.#epoch,
      server: this.#edges.server,
      tables: found.map(({ table }) => table),
      changes: [
        ...dropped.map(({ database, name }) => droppedTable(database, name)),
        ...found.map(({ change }) => ({ ...change, type })),
      ],
    };
  }

  #learn(tables: readonly Table[]): void {
    for (const table of tables) this.#known.set(tableName(table), table);
    this.#tell();
  }

  #tell(): void {
    this.#edges.known(this.#known.size);
  }

  #replay(entry: HistoryEntry, past: boolean): void {
    if (!past) {
      if (entry.kind === 'statement') this.#future.set(statementKey(entry), entry.tables);
      return;
    }
    const effect = entry.kind === 'statement' ? statementEffect(entry.sql, entry.database) : undefined;
    for (const [name, table] of this.#known)
      if (effect !== undefined && changes(effect, table)) this.#known.delete(name);
    for (const table of entry.tables) this.#known.set(tableName(table), table);
  }
}

/** A table that is known is there: what only makes missing ones leaves it as it is. */
function changes(effect: StatementEffect, table: NamedTable): boolean {
  return effect.onlyIfMissing !== true && effect.concerns(table);
}

function changeType({ kind, sql, database }: Pick<HistoryEntry, 'kind' | 'sql' | 'database'>): 'CREATE' | 'ALTER' {
  if (kind !== 'statement') return 'CREATE';
  return definitionOf(withoutComments(sql), database)?.type === 'CREATE' ? 'CREATE' : 'ALTER';
}

function fitted(map: TableMap, structure: Table, at: HistoryPlace): Table {
  const table = structuredTable(map, structure);
  if (typeof table === 'string') throw structureMismatch(map.head, at, table);
  return table;
}

/** Whether the history says everything about the place: its own stream came to it. */
function isOf(begin: HistoryEntry, place: StreamPlace, offset: JsonObject | undefined): boolean {
  const { file, position, gtids } = begin.place;
  const same = file === place.file && position === place.position && gtids === place.gtids;
  return same || offset?.[TAG] === tagOf(begin.epoch, place);
}

function tagOf(epoch: string, { file, position, gtids }: StreamPlace): string {
  return createHash('sha256').update([epoch, file, position, gtids].join('\n')).digest('hex').slice(0, 16);
}
