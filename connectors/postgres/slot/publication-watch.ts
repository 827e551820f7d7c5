import type { Op } from '../../../runtime/change/envelope.ts';
import type { Captures } from '../../../runtime/change/table-lists.ts';
import type { TaskContext } from '../../../runtime/connector/context.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { CatalogReader } from '../catalog/catalog-reader.ts';
import { tableName, type Table } from '../catalog/table.ts';
import { readVisibility } from '../snapshot/visibility.ts';
import type { BesideReader } from '../stream/stream-start.ts';
import {
  alteredOptions,
  gainedOperations,
  isNamed,
  keptPublished,
  readMemberships,
  type Membership,
  type PublishedTable,
} from './membership.ts';

export interface WatchSettings {
  /** `publication.name` */
  readonly publication: string;
  /** Operations that have to be published. */
  readonly needed: ReadonlySet<Op>;
  readonly captures: Captures;
}

export interface WatchEdges {
  readonly reader: CatalogReader;
  readonly context: Pick<TaskContext, 'warning' | 'log'>;
  /** The tables of these oids, as the catalogue has them. */
  load(oids: readonly number[]): Promise<readonly Table[]>;
  /** undefined: nothing can be read beside the stream. */
  readonly beside: BesideReader | undefined;
}

const LOST_SIGHT = 'POSTGRES_TABLES_LOST_SIGHT';

/**
 * Compares, at every look, what a publication publishes with what it did: pgoutput leaves out other
 * changes without a word.
 *
 * - What it publishes no longer: an error that ends the stream.
 * - A table that it publishes since, or that was out of sight: its rows of before are read.
 * - Captured tables it leaves out: a warning.
 */
export class PublicationWatch {
  readonly #settings: WatchSettings;
  readonly #edges: WatchEdges;
  /** All tables of the start: one of a later oid was made in the stream's sight. */
  readonly #existed: ReadonlySet<number>;
  readonly #before = new Map<number, Membership>();
  readonly #names = new Map<number, string>();
  /** Tables to read, and the transactions that ran when they were found. */
  readonly #waiting = new Map<number, ReadonlySet<number>>();
  /** What the warning says of tables that are read, and of those that have another name now. */
  readonly #arrived = new Map<number, string>();
  readonly #away = new Map<number, string>();
  #said = '';

  constructor(settings: WatchSettings, edges: WatchEdges, start: readonly PublishedTable[]) {
    this.#settings = settings;
    this.#edges = edges;
    this.#existed = new Set(start.map(({ oid }) => oid));
    for (const table of start) if (this.#captured(table) && table.membership !== '') this.#keep(table);
  }

  /** A `position` error that names the tables whose changes are missing; undefined: none are. */
  async look(): Promise<MillraceError | undefined> {
    const { publication, needed } = this.#settings;
    const now = await readMemberships(this.#edges.reader, publication);
    const captured = now.filter((table) => this.#captured(table));
    const lost = captured.filter(({ oid, membership }) => {
      const before = this.#before.get(oid);
      return before !== undefined && !keptPublished(before, membership, needed);
    });
    if (lost.length > 0) return publicationGap(publication, lost.map(tableName));
    this.#edges.context.warning('POSTGRES_TABLES_UNPUBLISHED', unpublishedText(publication, captured));
    this.#sayAltered(captured);
    this.#sayRenamed(now);
    await this.#arrivals(captured);
    return undefined;
  }

  #captured({ schema, name }: PublishedTable): boolean {
    return this.#settings.captures(schema, name);
  }

  #keep(table: PublishedTable): void {
    this.#before.set(table.oid, table.membership);
    this.#names.set(table.oid, tableName(table));
  }

  #sayAltered(captured: readonly PublishedTable[]): void {
    const { publication, needed } = this.#settings;
    for (const table of captured) {
      const before = this.#before.get(table.oid);
      if (before === undefined || !alteredOptions(before, table.membership)) continue;
      if (gainedOperations(before, table.membership, needed)) continue;
      this.#edges.context.warning('POSTGRES_PUBLICATION_ALTERED', alteredText(publication));
      this.#before.set(table.oid, table.membership);
    }
  }

  /** Renamed to what is not captured: as if it had left the capture lists. */
  #sayRenamed(now: readonly PublishedTable[]): void {
    this.#away.clear();
    for (const table of now) {
      const before = this.#names.get(table.oid);
      if (before === undefined || this.#captured(table)) continue;
      this.#away.set(table.oid, `${before} (called ${tableName(table)} now, which is not captured)`);
    }
    this.#say();
  }

  async #arrivals(captured: readonly PublishedTable[]): Promise<void> {
    const found = captured.filter((table) => table.membership !== '' && this.#isToRead(table));
    for (const table of captured) if (table.membership !== '' && !found.includes(table)) this.#keep(table);
    const ready = await this.#settled(found);
    if (ready.length === 0) return;
    const tables = await this.#edges.load(ready.map(({ oid }) => oid));
    for (const table of tables) {
      const published = ready.find(({ oid }) => oid === table.oid);
      if (published !== undefined) this.#read(published, table);
    }
  }

  #isToRead(table: PublishedTable): boolean {
    const { oid, membership } = table;
    if (this.#edges.beside?.outOfSight(oid) === true) return true;
    const before = this.#before.get(oid);
    // Made since, and published from its first row on, where the publication does not name tables.
    if (before === undefined) return this.#existed.has(oid) || isNamed(membership);
    return this.#names.get(oid) !== tableName(table) || gainedOperations(before, membership, this.#settings.needed);
  }

  /**
   * Those whose changes the stream has from now on: a transaction that ran while the publication
   * was changed may still be decoded as it was before.
   */
  async #settled(found: readonly PublishedTable[]): Promise<readonly PublishedTable[]> {
    if (found.length === 0) {
      this.#waiting.clear();
      return [];
    }
    const doing = 'reading the running transactions';
    const [row] = await this.#edges.reader.query(doing, 'SELECT pg_current_snapshot() AS visible');
    const { running } = readVisibility(row?.['visible'] ?? '');
    for (const { oid } of found) if (!this.#waiting.has(oid)) this.#waiting.set(oid, running);
    return found.filter(({ oid }) => this.#waiting.get(oid)?.isDisjointFrom(running) === true);
  }

  #read(published: PublishedTable, table: Table): void {
    const name = tableName(table);
    const why = this.#before.has(table.oid) ? 'renamed, or not published as a whole' : 'not published';
    const not =
      this.#edges.beside === undefined ? 'there is no stream' : this.#edges.beside.read(table, published.membership);
    this.#arrived.set(table.oid, `${name} (${why}; ${not === undefined ? 'read again' : `not read: ${not}`})`);
    this.#waiting.delete(table.oid);
    this.#keep(published);
    this.#say();
  }

  #say(): void {
    const text = [...this.#arrived.values(), ...this.#away.values()].join(', ');
    if (text === this.#said) return;
    this.#said = text;
    const shown = text === '' ? null : `changes of these tables were not streamed for a time: ${text}`;
    this.#edges.context.warning(LOST_SIGHT, shown);
    if (shown !== null) this.#edges.context.log.warn(shown);
  }
}

/** Captured tables that the publication leaves out, as a warning; null: none. Pure. */
export function unpublishedText(publication: string, captured: readonly PublishedTable[]): string | null {
  const oids = new Set(captured.map(({ oid }) => oid));
  const missing = captured.filter(({ membership, viaRoot, root, partitioned }) => {
    if (membership !== '') return false;
    return viaRoot ? root === undefined || !oids.has(root) : !partitioned;
  });
  if (missing.length === 0) return null;
  return `the publication ${publication} leaves out captured tables: ${missing.map(tableName).join(', ')}. ALTER PUBLICATION ${publication} ADD TABLE …; their rows of before are read then`;
}

/** The options were altered, and what they were for a moment is not known. */
function alteredText(publication: string): string {
  return `the options of the publication ${publication} were altered. It publishes what is needed; if it did not for a moment, those changes are missing: the next start reads its tables again, or take an incremental snapshot of them (signal execute-snapshot)`;
}

function publicationGap(publication: string, tables: readonly string[]): MillraceError {
  return new MillraceError(
    'POSTGRES_PUBLICATION_GAP',
    `the publication ${publication} was dropped, its operations (publish) were cut down, or these tables were taken out of it or entered anew, while they were streamed: ${tables.join(', ')}. Changes since then are missing`,
    {
      kind: 'position',
      key: 'publication.name',
      remedy: `Restore the publication (ALTER PUBLICATION ${publication} ADD TABLE …, or SET (publish = …); autocreate adds tables at the start) and restart the connector: it reads these tables again. With snapshot.mode=no_data take an incremental snapshot of them (signal execute-snapshot).`,
    },
  );
}
