import { brokenRows } from '../binlog/rows-event.ts';
import { readTableMap, readTableMapHead } from '../binlog/table-map.ts';
import type { StreamPlace } from '../offset.ts';
import type { TableRows } from '../row/table-rows.ts';
import type { EventFeed } from './event-feed.ts';
import type { RowWriter } from './row-writer.ts';
import type { TableSource } from './table-source.ts';

/** Who writes the rows of which table id, as the binlog's table maps say. Ids mean nothing in another file. */
export class TableWriters {
  readonly #tables: TableSource;
  readonly #make: (rows: TableRows) => RowWriter;
  /** null: not captured. */
  readonly #writers = new Map<number, RowWriter | null>();

  constructor(tables: TableSource, make: (rows: TableRows) => RowWriter) {
    this.#tables = tables;
    this.#make = make;
  }

  /** Handles a table map. `at`: where its transaction begins. A promise where the catalogue has to be asked first. */
  map(feed: EventFeed, at: () => StreamPlace): Promise<void> | undefined {
    const reader = feed.body();
    const head = readTableMapHead(reader);
    if (this.#writers.has(head.id)) return undefined;
    if (!this.#tables.captures(head.database, head.name)) {
      this.#writers.set(head.id, null);
      return undefined;
    }
    const found = this.#tables.rows(readTableMap(reader, head, this.#tables), at);
    if (found instanceof Promise) return found.then((rows) => this.#learn(head.id, rows));
    this.#learn(head.id, found);
    return undefined;
  }

  /** null: the table is not captured. Throws where no table map came before; `place`: of the rows event. */
  of(tableId: number, place: string): RowWriter | null {
    const writer = this.#writers.get(tableId);
    if (writer === undefined) throw brokenRows(`rows of table ${tableId} at ${place} come before its description`);
    return writer;
  }

  /** Another file, a new connection, or a definition that may have changed. */
  forget(): void {
    this.#writers.clear();
  }

  #learn(id: number, rows: TableRows): void {
    this.#writers.set(id, this.#make(rows));
  }
}
