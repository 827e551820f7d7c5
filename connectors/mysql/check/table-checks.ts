import { signalCheck } from '../../../runtime/change/signal-check.ts';
import { signalsUnseen } from '../../../runtime/change/signal.ts';
import type { CheckResult } from '../../../runtime/connector/connector.ts';
import { VERSION } from '../../../runtime/connector/version.ts';
import { unseenCascades } from '../catalog/cascades.ts';
import { onlyCaptured, readTable, readTableNames } from '../catalog/catalog.ts';
import { tableName } from '../catalog/table.ts';
import { accountOf, unseenTables } from '../catalog/unseen-tables.ts';
import type { Connection } from '../connection.ts';
import { RowFactory } from '../row/table-rows.ts';
import type { MysqlSettings } from '../settings.ts';
import { listKey, noTables } from '../snapshot/await-tables.ts';
import { failed } from './check-result.ts';

/** The captured tables: what of them can be read, and what the stream does not show. */
export async function tableChecks(connection: Connection, settings: MysqlSettings): Promise<readonly CheckResult[]> {
  const family = connection.mariadb ? 'mariadb' : 'mysql';
  const rows = new RowFactory(settings.rows, { family, taskId: 0, runId: '', version: VERSION });
  const names = await readTableNames(connection);
  const captured = onlyCaptured(names, rows.captures);
  const unseen = await unseenTables(connection, rows, names);
  const name = 'the captured tables';
  if (captured.length === 0) {
    const key = listKey(settings.rows) ?? 'database.user';
    return [
      {
        name,
        ok: false,
        fatal: false,
        code: 'MYSQL_NO_TABLES',
        problem: noTables(rows),
        remedy: `Correct ${key}, or GRANT SELECT ON the tables TO ${await accountOf(connection)};`,
        key,
      },
      ...hidden(unseen),
    ];
  }
  for (const { database, name: table } of captured) {
    try {
      const found = await readTable(connection, database, table);
      if (found !== undefined) rows.rows(found, 'binlog');
    } catch (error) {
      return [failed(name, error)];
    }
  }
  return [
    { name: captured.length === 1 ? '1 table is captured' : `${captured.length} tables are captured`, ok: true },
    cascades(await unseenCascades(connection, rows.captures)),
    ...hidden(unseen),
    ...signals(settings, captured.map(tableName)),
  ];
}

function cascades(problem: string | null): CheckResult {
  const name = 'the binlog shows every change of the captured tables';
  if (problem === null) return { name, ok: true };
  return {
    name,
    ok: false,
    fatal: false,
    code: 'MYSQL_CASCADES',
    problem,
    remedy:
      'Let triggers or the application change those rows, or upgrade to MySQL 9.6, which writes them; `millrace verify` shows what was missed.',
    key: 'table.include.list',
  };
}

function hidden(problem: string | null): readonly CheckResult[] {
  if (problem === null) return [];
  return [
    {
      name: 'the named tables are there',
      ok: false,
      fatal: false,
      code: 'MYSQL_TABLES_UNSEEN',
      problem,
      remedy: 'Run the GRANT, create the table, or correct the name (database.table).',
      key: 'table.include.list',
    },
  ];
}

function signals({ signalTable }: MysqlSettings, captured: readonly string[]): readonly CheckResult[] {
  if (signalTable === undefined) return [];
  const unseen = captured.includes(signalTable) ? null : signalsUnseen(signalTable);
  return [signalCheck(unseen, 'MYSQL_SIGNALS_UNSEEN', 'database')];
}
