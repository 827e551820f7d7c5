/** A column as a Relation message describes it. */
export interface RelationColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly typmod: number;
  /** Part of the replica identity. */
  readonly identity: boolean;
}

/**
 * A table as the stream describes it before its first row, and again after it changed. Its columns
 * are exactly those that tuples carry, in this order (dropped ones never, generated ones only where
 * the publication sends them, none outside a column list).
 */
export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** `pg_class.relreplident`. */
  readonly replicaIdentity: 'd' | 'f' | 'n' | 'i';
  readonly columns: readonly RelationColumn[];
}
