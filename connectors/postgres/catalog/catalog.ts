import type { Captures } from '../../../runtime/change/table-lists.ts';
import type { Relation, RelationColumn } from '../stream/relation.ts';
import type { CatalogReader } from './catalog-reader.ts';
import { fingerprint } from './fingerprint.ts';
import { loadTables, type LoadOptions } from './table-loader.ts';
import type { Column, Table } from './table.ts';
import { droppedType, TypeRegistry } from './type-registry.ts';

/**
 * The tables of one task. The stream's Relation messages say exactly what a table looked like at
 * their place in the log; the catalogue, which shows now, adds what they leave out: the order of the
 * key, NOT NULL, defaults, enum labels, what a domain or array is made of.
 *
 * Procedure for each Relation message: {@link table} answers at once where the catalogue, as loaded,
 * describes just that table and it is the first message about it. Otherwise the table may have
 * changed: stop reading, await {@link refresh}, go on. A table version lasts until the next message,
 * also inside one transaction. After a reconnect: {@link load} again.
 */
export class Catalog {
  readonly #types = new TypeRegistry();
  readonly #options: LoadOptions;
  readonly #tables = new Map<number, Table>();
  /** Tables that a Relation message has named since they were loaded. */
  readonly #announced = new Set<number>();

  constructor(options: Omit<LoadOptions, 'oids'>) {
    this.#options = options;
  }

  /** With the captured tables loaded. */
  static async captured(reader: CatalogReader, captures: Captures): Promise<Catalog> {
    const catalog = new Catalog({ captures });
    await catalog.load(reader);
    return catalog;
  }

  /** Loads all captured tables. */
  async load(reader: CatalogReader): Promise<void> {
    const tables = await loadTables(reader, this.#types, this.#options);
    this.#tables.clear();
    this.#announced.clear();
    for (const table of tables) this.#tables.set(table.oid, table);
  }

  /** By schema and name. */
  tables(): readonly Table[] {
    return [...this.#tables.values()];
  }

  /** The current version of a table. */
  get(oid: number): Table | undefined {
    return this.#tables.get(oid);
  }

  /** The table of a Relation message, or undefined: {@link refresh} has to be awaited first. */
  table(relation: Relation): Table | undefined {
    const { oid } = relation;
    const known = this.#tables.get(oid);
    if (known === undefined || this.#announced.has(oid) || !describes(known, relation)) return undefined;
    this.#announced.add(oid);
    return known;
  }

  /** Looks the table up again and combines it with the message. */
  async refresh(reader: CatalogReader, relation: Relation): Promise<Table> {
    const { oid } = relation;
    const [facts] = await loadTables(reader, this.#types, { ...this.#options, captures: () => true, oids: [oid] });
    await this.#types.load(
      reader,
      relation.columns.map(({ typeOid }) => typeOid),
    );
    const table = facts !== undefined && describes(facts, relation) ? facts : this.#combine(relation, facts);
    this.#tables.set(oid, table);
    this.#announced.add(oid);
    return table;
  }

  #combine(relation: Relation, facts: Table | undefined): Table {
    const columns = relation.columns.map((column, place) => this.#column(column, place, facts));
    const flagged = relation.columns.flatMap(({ identity }, place) => (identity ? [place] : []));
    const table: Omit<Table, 'fingerprint'> = {
      oid: relation.oid,
      schema: relation.schema,
      name: relation.name,
      partitioned: facts?.partitioned ?? false,
      leaves: facts?.leaves ?? [],
      columns,
      key: combineKey(relation, columns, flagged, facts),
      replicaIdentity: relation.replicaIdentity,
      identity: relation.replicaIdentity === 'f' ? columns.map((_, place) => place) : flagged,
    };
    return { ...table, fingerprint: fingerprint(table) };
  }

  /** What the catalogue says of a column of the same name and type; of another, nothing is known but that. */
  #column(column: RelationColumn, place: number, facts: Table | undefined): Column {
    const { name, typeOid, typmod } = column;
    const type = this.#types.get(typeOid) ?? droppedType(typeOid);
    const fact = facts?.columns.find((other) => other.name === name && other.type.oid === typeOid);
    if (fact !== undefined) return { ...fact, type, typmod };
    const dimensions = type.element === undefined ? 0 : 1;
    return { name, attnum: place + 1, type, typmod, dimensions, notNull: false, generated: false };
  }
}

/** Whether the catalogue's table is the one that the message describes. */
function describes(table: Table, relation: Relation): boolean {
  return (
    table.schema === relation.schema &&
    table.name === relation.name &&
    table.replicaIdentity === relation.replicaIdentity &&
    table.columns.length === relation.columns.length &&
    relation.columns.every(({ name, typeOid, typmod, identity }, place) => {
      const column = table.columns[place];
      return (
        column?.name === name &&
        column.type.oid === typeOid &&
        column.typmod === typmod &&
        table.identity.includes(place) === identity
      );
    })
  );
}

/**
 * The key at the message's place in the log. Under the default replica identity the message itself
 * flags the primary key's columns, but not their order: the catalogue's, if the set is the same.
 */
function combineKey(
  relation: Relation,
  columns: readonly Column[],
  flagged: readonly number[],
  facts: Table | undefined,
): readonly number[] {
  const names = facts?.key.map((place) => facts.columns[place]?.name) ?? [];
  const places = names.map((name) => columns.findIndex((column) => column.name === name));
  const known = places.includes(-1) ? [] : places;
  if (relation.replicaIdentity !== 'd') return known.length > 0 || relation.replicaIdentity === 'f' ? known : flagged;
  const same = known.length === flagged.length && known.every((place) => flagged.includes(place));
  return same ? known : flagged;
}
