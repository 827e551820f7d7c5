/** A type as `pg_type` describes it, with what its codec needs to know. */
export interface PgType {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** `pg_type.typtype`: base, composite, domain, enum, range, multirange, pseudo. */
  readonly kind: 'b' | 'c' | 'd' | 'e' | 'r' | 'm' | 'p';
  /** Of an array: the type of its items. */
  readonly element?: PgType;
  /** Of a domain: what it is based on, and that type's modifier. */
  readonly base?: PgType;
  readonly baseTypmod?: number;
  /** Of a domain over an array: its declared dimensions. */
  readonly dimensions?: number;
  /** Of an enum, in sort order. */
  readonly labels?: readonly string[];
  /** Of a range or multirange. */
  readonly subtype?: PgType;
  /** Of a composite. */
  readonly attributes?: readonly { readonly name: string; readonly type: PgType; readonly typmod: number }[];
  /** False where the type has no send function: it can be read as text only. */
  readonly binary: boolean;
}

export interface Column {
  readonly name: string;
  /** `pg_attribute.attnum`. */
  readonly attnum: number;
  readonly type: PgType;
  /** `atttypmod`; -1: none. */
  readonly typmod: number;
  /** Declared dimensions of an array (`attndims`); 0: not an array. */
  readonly dimensions: number;
  readonly notNull: boolean;
  readonly generated: boolean;
  /** Default expression as SQL text (`pg_get_expr`). */
  readonly defaultExpression?: string;
}

/** DEFAULT, FULL, NOTHING, USING INDEX (`pg_class.relreplident`). */
export type ReplicaIdentity = 'd' | 'f' | 'n' | 'i';

/** A table at one version of its definition. */
export interface Table {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** A partitioned table: its rows are those of its leaves. */
  readonly partitioned: boolean;
  /** OIDs of a partitioned table's leaf partitions; empty otherwise. */
  readonly leaves: readonly number[];
  /** In table order, without dropped and (where the stream does not carry them) generated ones. */
  readonly columns: readonly Column[];
  /** Indices into `columns` in the order of the primary key, or of the unique index that stands in for it; empty: none. */
  readonly key: readonly number[];
  readonly replicaIdentity: ReplicaIdentity;
  /** Indices into `columns` that the old tuple carries under the replica identity; all of them if it is FULL. */
  readonly identity: readonly number[];
  /** Changes whenever rows of another version would be read differently: names, types, modifiers, order, key. */
  readonly fingerprint: string;
}

export function tableName(table: { readonly schema: string; readonly name: string }): string {
  return `${table.schema}.${table.name}`;
}

/** A column's type and modifier with its domains taken off. */
export function baseType(column: Pick<Column, 'type' | 'typmod'>): { readonly type: PgType; readonly typmod: number } {
  let { type, typmod } = column;
  while (type.base !== undefined) {
    typmod = type.baseTypmod ?? -1;
    type = type.base;
  }
  return { type, typmod };
}
