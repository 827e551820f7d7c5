import { tableName, type Table } from '../catalog/table.ts';
import type { Op } from '../../../runtime/change/envelope.ts';
import { alteredOptions, keptPublished, type Membership } from '../slot/membership.ts';
import { rowKey } from './chunk-sql.ts';
import { noProgress, type TablePlan, type TableProgress } from './state.ts';

/** By table oid, as the start found it. */
type Published = ReadonlyMap<number, Membership>;

/** A table that is not complete, as it is stored. */
export interface OpenTable {
  readonly table: Table;
  readonly plan: TablePlan;
  readonly progress: TableProgress;
  /** The plan is stored. */
  readonly written: boolean;
}

/**
 * Why the stored plan says nothing of this table: the stream did not have all of its changes.
 * undefined: it had, or a plan of before says nothing. Pure.
 */
export function lostSight(
  plan: TablePlan,
  table: Table,
  published: Published,
  needed: ReadonlySet<Op>,
): string | undefined {
  if (plan.oid !== undefined && plan.oid !== table.oid) return 'created anew';
  const now = published.get(table.oid) ?? '';
  // What is not published now is read once it is.
  if (plan.published === undefined || now === '') return undefined;
  if (!keptPublished(plan.published, now, needed)) return 'not published';
  return alteredOptions(plan.published, now) ? 'publication altered' : undefined;
}

/** The stream alone brings the table's rows. */
export function streamedPlan(table: Table, published: Published): TablePlan {
  return {
    table: tableName(table),
    plan: 'stream',
    kind: 'none',
    fingerprint: table.fingerprint,
    oid: table.oid,
    published: published.get(table.oid) ?? '',
    bounds: [],
    chunks: 0,
  };
}

/** The whole table is to be read beside the stream. */
export function wholeTable(table: Table, id: string, published: Published): OpenTable {
  const plan: TablePlan = {
    table: tableName(table),
    plan: id,
    kind: rowKey(table).length > 0 ? 'keys' : 'pages',
    fingerprint: table.fingerprint,
    oid: table.oid,
    published: published.get(table.oid) ?? '',
    bounds: [],
    chunks: 1,
  };
  return { table, plan, progress: noProgress(id), written: false };
}
