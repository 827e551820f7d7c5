import type { Catalog } from '../catalog/catalog.ts';
import type { CatalogReader } from '../catalog/catalog-reader.ts';
import type { Table } from '../catalog/table.ts';
import type { RowFactory, TableRows } from '../row/table-rows.ts';
import type { Relation } from './relation.ts';
import type { StreamTables } from './stream-tables.ts';

/** The captured tables as the stream meets them. One `TableRows` lasts as long as its table version. */
export class CapturedTables implements StreamTables {
  readonly #catalog: Catalog;
  readonly #factory: RowFactory;
  readonly #reader: CatalogReader;
  readonly #rows = new Map<number, { readonly described: string; readonly rows: TableRows }>();

  constructor(catalog: Catalog, factory: RowFactory, reader: CatalogReader) {
    this.#catalog = catalog;
    this.#factory = factory;
    this.#reader = reader;
  }

  async resolve(relation: Relation): Promise<TableRows | null> {
    if (!this.#factory.captures(relation.schema, relation.name)) return null;
    const table = this.#catalog.table(relation) ?? (await this.#catalog.refresh(this.#reader, relation));
    return this.#of(table);
  }

  #of(table: Table): TableRows {
    const described = JSON.stringify(table);
    const known = this.#rows.get(table.oid);
    if (known?.described === described) return known.rows;
    const rows = this.#factory.rows(table, 'text');
    this.#rows.set(table.oid, { described, rows });
    return rows;
  }
}
