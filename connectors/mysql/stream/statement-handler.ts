import { MillraceError } from '../../../runtime/record/error.ts';
import type { StreamPlace } from '../offset.ts';
import type { RowAssembler } from './row-assembler.ts';
import { changedTable, classify, type QueryEvent, type StatementKind } from './query-event.ts';

/** What statements in the binlog lead to. */
export interface StatementHooks {
  captures(database: string, name: string): boolean;
  /**
   * A definition changed, or a table was emptied: may add records to the assembler's block. `after`: the place behind
   * the statement, its own transaction included.
   */
  defined(
    kind: 'ddl' | 'truncate',
    event: QueryEvent,
    assembler: RowAssembler,
    after: Pick<StreamPlace, 'file' | 'position' | 'gtids'>,
  ): Promise<void> | undefined;
}

/** Statements among the rows: transactions' ends, definitions, and what must not be there. */
export class StatementHandler {
  readonly #hooks: StatementHooks;

  constructor(hooks: StatementHooks) {
    this.#hooks = hooks;
  }

  /**
   * What the statement is to the stream. `rows`: its transaction has made rows already. Throws a `position`
   * error where rows are missing from the binlog, or went out that were undone.
   */
  kind(event: QueryEvent, place: string, rows: boolean): Exclude<StatementKind, 'dml' | 'rollback' | 'xa-rollback'> {
    const kind = classify(event.sql);
    switch (kind) {
      case 'dml': {
        const table = changedTable(event);
        if (table !== undefined && !this.#hooks.captures(table.database, table.name)) return 'none';
        throw this.statementFormat(place, event.sql);
      }
      case 'rollback':
        if (rows) throw undone(place, 'a transaction over tables with and without transactions');
        return 'commit';
      case 'xa-rollback':
        throw undone(place, 'an XA transaction that was prepared');
      default:
        return kind;
    }
  }

  /** A change that is in the binlog as a statement: which rows it changed is not to be known. */
  statementFormat(place: string, sql: string): MillraceError {
    return new MillraceError(
      'MYSQL_STATEMENT_FORMAT',
      `the change at ${place} is in the binlog as a statement, not as rows: ${sql.slice(0, 100)}`,
      {
        kind: 'position',
        key: 'database.hostname',
        remedy:
          "SET GLOBAL binlog_format = 'ROW'; and see that no session sets it otherwise. The change itself is lost to the stream: take a new snapshot, or alter the offset to a place behind it.",
      },
    );
  }
}

function undone(place: string, what: string): MillraceError {
  return new MillraceError('MYSQL_ROLLED_BACK', `${what} was rolled back at ${place} after its rows went out`, {
    kind: 'position',
    remedy:
      'Records of it are in the hub though the server has undone them: take a new snapshot, or alter the offset to a place behind it.',
  });
}
