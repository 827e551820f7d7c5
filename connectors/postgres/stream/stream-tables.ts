import type { TableRows } from '../row/table-rows.ts';
import type { Relation } from './relation.ts';

/** Turns what the stream says of a table into how its rows become records. */
export interface StreamTables {
  /**
   * null: the table is not captured. The instance stays the same while the table's version does.
   * May ask the catalog: the stream waits at this place. The table has exactly the relation's columns.
   */
  resolve(relation: Relation): Promise<TableRows | null>;
}
