import { MillraceError } from '../../../runtime/record/error.ts';
import type { CatalogReader } from './catalog-reader.ts';

/** Who keeps others from looking at a table. */
export interface Blocker {
  /** `schema.table` */
  readonly table: string;
  readonly session: string;
}

/** Who holds, or waits for, a lock that keeps readers out of one of these tables; of any, where none is named. */
export async function findBlocker(reader: CatalogReader, oids?: readonly number[]): Promise<Blocker | undefined> {
  const [row] = await reader.query(
    'looking for the blocking session',
    `SELECT l.pid, a.usename, a.state, left(a.query, 100) AS query, n.nspname || '.' || c.relname AS table
      FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_stat_activity a USING (pid)
      WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND c.relkind IN ('r', 'p')
        ${oids === undefined ? '' : `AND l.relation IN (${oids.join(', ')})`}
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      ORDER BY l.granted DESC LIMIT 1`,
  );
  if (row === undefined) return undefined;
  const session = `session ${row['pid']} (${row['usename'] ?? '?'}, ${row['state'] ?? '?'}) locks it: ${row['query'] ?? ''}`;
  return { table: row['table'] ?? '', session };
}

/** A statement of ours on the catalogue waited in vain: its functions lock the tables they speak of. */
export async function catalogLocked(reader: CatalogReader, doing: string, cause: unknown): Promise<MillraceError> {
  const blocker = await findBlocker(reader);
  const who = blocker === undefined ? 'a session locks one of the tables' : `${blocker.table}: ${blocker.session}`;
  return new MillraceError('POSTGRES_CATALOG_LOCKED', `${doing}: waited in vain for ${who}`, {
    kind: 'busy',
    key: 'snapshot.lock.timeout.ms',
    remedy:
      'Let that session finish or end it (pg_terminate_backend), or raise snapshot.lock.timeout.ms. It is tried again.',
    cause,
  });
}
