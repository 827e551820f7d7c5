import { oidArray, TYPES } from './catalog-sql.ts';
import type { CatalogReader, TextRow } from './catalog-reader.ts';
import type { PgType } from './table.ts';

/** `int2vector` and `oidvector` are arrays to the catalogue, but their text is not an array's. */
const NOT_ARRAYS: ReadonlySet<number> = new Set([22, 30]);

/** The types that captured columns use, resolved down to their parts. */
export class TypeRegistry {
  readonly #types = new Map<number, PgType>();

  get(oid: number): PgType | undefined {
    return this.#types.get(oid);
  }

  /** Loads these types, also those it has already: an enum may have got another label. */
  async load(reader: CatalogReader, oids: Iterable<number>): Promise<void> {
    const asked = new Set(oids);
    if (asked.size === 0) return;
    const rows = await reader.query('reading types', TYPES, [oidArray(asked)]);
    const byOid = new Map(rows.map((row) => [Number(row['oid']), row]));
    const made = new Map<number, PgType>();
    for (const oid of byOid.keys()) this.#make(oid, byOid, made);
    for (const [oid, type] of made) this.#types.set(oid, type);
  }

  #make(oid: number, rows: ReadonlyMap<number, TextRow>, made: Map<number, PgType>): PgType | undefined {
    const done = made.get(oid);
    const row = rows.get(oid);
    if (done !== undefined || row === undefined) return done;
    const part = (value: string | null | undefined): PgType | undefined =>
      value === null || value === undefined ? undefined : this.#make(Number(value), rows, made);
    const element = NOT_ARRAYS.has(oid) ? undefined : part(row['element']);
    const base = part(row['base']);
    const subtype = part(row['subtype']);
    const labels = row['labels'];
    const attributes = row['attributes'];
    const type: PgType = {
      oid,
      schema: row['schema'] ?? '',
      name: row['name'] ?? '',
      kind: (row['kind'] ?? 'b') as PgType['kind'],
      binary: row['binary'] === 't',
      ...(element === undefined ? {} : { element }),
      ...(base === undefined
        ? {}
        : { base, baseTypmod: Number(row['baseTypmod']), dimensions: Number(row['dimensions']) }),
      ...(subtype === undefined ? {} : { subtype }),
      ...(typeof labels === 'string' ? { labels: JSON.parse(labels) as string[] } : {}),
      ...(typeof attributes === 'string' ? { attributes: this.#attributes(attributes, rows, made) } : {}),
    };
    made.set(oid, type);
    return type;
  }

  #attributes(
    json: string,
    rows: ReadonlyMap<number, TextRow>,
    made: Map<number, PgType>,
  ): NonNullable<PgType['attributes']> {
    const parsed = JSON.parse(json) as { name: string; type: number; typmod: number }[];
    return parsed.flatMap(({ name, type, typmod }) => {
      const found = this.#make(type, rows, made);
      return found === undefined ? [] : [{ name, type: found, typmod }];
    });
  }
}

/** Stands for a type that was dropped before it could be looked up: shown as the text of its values. No column has a pseudo-type, so its kind tells. */
export function droppedType(oid: number): PgType {
  return { oid, schema: '', name: `dropped ${oid}`, kind: 'p', binary: false };
}
