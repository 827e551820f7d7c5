import type { ConnectorCall } from '../../../runtime/connector/connector.ts';
import { rowRecords } from '../../../runtime/connector/row-records.ts';
import type { SourceRecord } from '../../../runtime/connector/source.ts';
import { VERSION } from '../../../runtime/connector/version.ts';
import { readTable, readCapturedNames } from '../catalog/catalog.ts';
import { openConnection } from '../connection.ts';
import { RowFactory } from '../row/table-rows.ts';
import { readSettings } from '../settings.ts';
import { currentPlace } from '../snapshot/consistent-point.ts';
import { snapshotFacts } from '../snapshot/snapshot-reader.ts';
import { selectSql } from '../snapshot/table-select.ts';
import { TextRows } from '../snapshot/text-rows.ts';
import { BlockPool } from '../../../runtime/change/block-pool.ts';

/** Tables that a sample looks at. */
const MAX_TABLES = 20;

/** A few rows of the captured tables, as their snapshot would show them: spread over the tables. */
export async function sampleMysql(
  { config, env, signal }: ConnectorCall,
  count: number,
): Promise<readonly SourceRecord[]> {
  const settings = readSettings(config);
  const connection = await openConnection(settings.connection, env);
  try {
    const family = connection.mariadb ? 'mariadb' : 'mysql';
    const origin = { family, taskId: 0, runId: '', version: VERSION } as const;
    const rows = new RowFactory(settings.rows, origin);
    const names = await readCapturedNames(connection, rows.captures);
    const tables = names.slice(0, Math.min(MAX_TABLES, count));
    const facts = snapshotFacts(await currentPlace(connection), env);
    const maker = new TextRows(
      new BlockPool(1),
      facts,
      () => Promise.resolve(),
      () => env.clock.nowUs(),
    );
    const each = Math.ceil(count / Math.max(1, tables.length));
    for (const { database, name } of tables) {
      const table = await readTable(connection, database, name);
      if (table === undefined) continue;
      maker.table(rows.rows(table, 'text'));
      const sql = `${selectSql(table)} LIMIT ${each}`;
      await connection.rows(`sampling ${database}.${name}`, sql, maker, signal);
    }
    return rowRecords(maker.take().block).slice(0, count);
  } finally {
    await connection.close();
  }
}
