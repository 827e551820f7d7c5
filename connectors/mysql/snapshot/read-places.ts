import type { JsonObject } from '../../../runtime/record/record.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { GtidSources } from '../binlog/gtid-sources.ts';
import { GtidState } from '../binlog/gtid-state.ts';
import { comparePlaces } from '../binlog/compare-places.ts';
import { tableName, type Table } from '../catalog/table.ts';
import type { StreamPlace } from '../offset.ts';
import type { Family } from '../row/source-block.ts';
import type { TableRows } from '../row/table-rows.ts';
import type { TransactionState } from '../stream/transaction.ts';

/** Where tables were read whole that the stream begins before: what they show of it must not come again. */
export interface ReadPlace extends Pick<StreamPlace, 'file' | 'position' | 'gtids'> {
  /** `@@server_uuid` of the server that was read; '' on MariaDB. */
  readonly server: string;
  /** XA transactions before it may not be in the tables that were read. */
  readonly prepared: boolean;
  /** `database.table` */
  readonly tables: readonly string[];
}

/** In the stream's offset, until it has passed them. */
const KEY = 'millrace.read';

/**
 * The tables of a snapshot whose records have no key and that were read at a later place than its first: nobody could
 * tell a change that comes twice. A table with a key is not among them. Its rows may have gone out before, so that a
 * delete between the places must not be left out, and what comes twice leaves the same row.
 */
export class LaterReads {
  readonly #earlier: readonly ReadPlace[];
  readonly #place: Omit<ReadPlace, 'tables'>;
  readonly #keyless: (table: Table) => boolean;
  readonly #tables: string[] = [];

  /** `earlier`: of attempts before this one, which reads at `place`. */
  constructor(earlier: readonly ReadPlace[], place: Omit<ReadPlace, 'tables'>, keyless: (table: Table) => boolean) {
    this.#earlier = earlier;
    this.#place = place;
    this.#keyless = keyless;
  }

  /** The table was read whole. */
  add(table: Table): void {
    if (this.#keyless(table)) this.#tables.push(tableName(table));
  }

  get places(): readonly ReadPlace[] {
    const { file, position, gtids, server, prepared } = this.#place;
    const now = { file, position, gtids, server, prepared, tables: [...this.#tables] };
    return now.tables.length === 0 ? this.#earlier : [...this.#earlier, now];
  }
}

interface Held {
  readonly place: ReadPlace;
  readonly gtids: GtidState;
  readonly tables: ReadonlySet<string>;
}

/**
 * The stream's side: rows and truncations of a table are left out where its read shows the transaction, until the
 * stream has passed the read's place. In doubt nothing is left out (I5): after a change of server without GTIDs, of XA
 * transactions where some were prepared, of a version of the table that has a key.
 */
export class ReadPlaces {
  readonly #server: string;
  readonly #family: Family;
  readonly #counts: (source: string) => boolean;
  #held: readonly Held[];

  /** `server`: the stream's. */
  constructor(family: Family, server: string, places: readonly ReadPlace[], sources?: GtidSources) {
    this.#family = family;
    this.#server = server;
    this.#counts = (source) => sources?.counts(source) ?? true;
    this.#held = places.map((place) => ({
      place,
      gtids: new GtidState(family, place.gtids),
      tables: new Set(place.tables),
    }));
  }

  /** Those that the stream has not passed. */
  get places(): readonly ReadPlace[] {
    return this.#held.map(({ place }) => place);
  }

  /** Whether the transaction's changes of the table were read with it. */
  leavesOut(
    { key, collection }: Pick<TableRows, 'key' | 'collection'>,
    transaction: Pick<TransactionState, 'gtid' | 'file' | 'position' | 'xa'>,
  ): boolean {
    if (this.#held.length === 0 || key.length > 0) return false;
    const held = this.#held.find(({ tables }) => tables.has(collection));
    if (held === undefined || (transaction.xa && held.place.prepared)) return false;
    if (transaction.gtid !== '') return held.gtids.has(transaction.gtid);
    const { file, position } = held.place;
    return this.#sameServer(held.place) && comparePlaces(transaction.file, transaction.position, file, position) < 0;
  }

  /** What the offset of a place has to keep. What it is behind of is forgotten. */
  annotation(at: StreamPlace): JsonObject | undefined {
    if (this.#held.length === 0) return undefined;
    const done = new GtidState(this.#family, at.gtids);
    this.#held = this.#held.filter(({ place, gtids }) => {
      if (place.gtids !== '') return !done.covers(gtids, this.#counts);
      return this.#sameServer(place) && comparePlaces(at.file, at.position, place.file, place.position) < 0;
    });
    return annotationOf(this.places);
  }

  /** Positions mean something on their own server only. */
  #sameServer({ server }: ReadPlace): boolean {
    return server !== '' && server === this.#server;
  }
}

/** undefined: there is nothing to keep. */
export function annotationOf(places: readonly ReadPlace[]): JsonObject | undefined {
  return places.length === 0 ? undefined : { [KEY]: JSON.stringify(places) };
}

/** What a stored offset keeps of them. Throws a `position` error. */
export function readPlaces(offset: JsonObject | undefined): readonly ReadPlace[] {
  const text = offset?.[KEY];
  if (text === undefined) return [];
  try {
    const places: unknown = JSON.parse(typeof text === 'string' ? text : '');
    if (Array.isArray(places)) return places as ReadPlace[];
  } catch {
    // Told below.
  }
  throw new MillraceError(
    'MYSQL_OFFSET_UNUSABLE',
    `${KEY} of the stored offset is no list: ${JSON.stringify(text).slice(0, 100)}`,
    {
      kind: 'position',
      remedy: `Stop the connector and alter its offset so that it has no ${KEY}: changes of tables without a key may then come twice.`,
    },
  );
}
