import { MillraceError } from '../../../../runtime/record/error.ts';
import { tableName, type NamedTable } from '../../catalog/table.ts';
import type { Finding } from './present-structure.ts';
import type { HistoryPlace } from './read-ahead.ts';

const ANEW =
  'Stop the connector and delete its offsets to take a new snapshot; or leave the table out by table.exclude.list until the stream is behind that, then take it in again and ask for an incremental snapshot of it.';

/** No structure of a table is proven where rows of it come. */
export function structureUnknown(table: NamedTable, at: HistoryPlace, finding: Finding | undefined): MillraceError {
  return new MillraceError(
    'MYSQL_SCHEMA_UNKNOWN',
    `the rows of ${tableName(table)} at ${place(at)} cannot be read: ${reason(finding)}`,
    { kind: 'position', key: 'table.exclude.list', remedy: ANEW },
  );
}

function reason(finding: Finding | undefined): string {
  if (finding?.kind === 'changed') {
    const { file, position, sql } = finding.by;
    return `its structure there is not in the schema history, and further on, before ${file}:${position}, it was changed by "${sql}"`;
  }
  const name = finding?.kind === 'gone' ? tableName(finding.name) : 'it';
  return `its structure there is not in the schema history, and the server shows no ${name} now (it was dropped, or the account has no SELECT on it)`;
}

/** The binlog's rows are not those of the structure. */
export function structureMismatch(table: NamedTable, at: HistoryPlace, difference: string): MillraceError {
  return new MillraceError(
    'MYSQL_SCHEMA_MISMATCH',
    `the rows of ${tableName(table)} at ${place(at)} do not fit its structure in the schema history: ${difference}`,
    {
      kind: 'position',
      key: 'schema.history.internal.kafka.topic',
      remedy:
        'A definition was changed without a statement in the binlog (sql_log_bin=0). Stop the connector and delete its offsets to take a new snapshot; if all rows since are of the present structure, set snapshot.mode=recovery for one start instead.',
    },
  );
}

/** Definitions changed between a snapshot's place and the reading of them. */
export function structuresMoved(tables: readonly string[]): MillraceError {
  return new MillraceError('MYSQL_SCHEMA_MOVED', `tables were changed while the snapshot began: ${tables.join(', ')}`, {
    kind: 'busy',
    remedy: 'The snapshot is begun again.',
  });
}

function place({ file, position }: HistoryPlace): string {
  return `${file}:${position}`;
}
