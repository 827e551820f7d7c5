import type { ConnectorCall } from '../../../runtime/connector/connector.ts';
import { rowRecords } from '../../../runtime/connector/row-records.ts';
import type { SourceRecord } from '../../../runtime/connector/source.ts';
import { NO_TIMESTAMP, NULL_CELL, RowBlock } from '../../../runtime/record/row-block.ts';
import type { TextRow } from '../catalog/catalog-reader.ts';
import { Catalog } from '../catalog/catalog.ts';
import { tableName, type Table } from '../catalog/table.ts';
import { openConnection, type Connection } from '../connection.ts';
import { quoteIdentifier } from '../quoting.ts';
import { RowFactory, type TableRows } from '../row/table-rows.ts';
import { readSettings, type PostgresSettings } from '../settings.ts';
import { readMeta } from '../snapshot/read-meta.ts';

const STATEMENT_TIMEOUT_MS = 10_000;
const LOCK_TIMEOUT_MS = 2000;

/**
 * About `count` rows of the captured tables, at least one of each of the first `count` of them, as records that
 * a snapshot would make of them. A plain read-only transaction; neither slot nor publication is
 * looked at. `source.lsn` and `txId` are null: the rows have no place in the stream.
 */
export async function samplePostgres(call: ConnectorCall, count: number): Promise<readonly SourceRecord[]> {
  const settings = readSettings(call.config);
  const connection = await openConnection(settings.connection, call.env);
  const cut = (): void => connection.destroy();
  call.signal.addEventListener('abort', cut, { once: true });
  try {
    call.signal.throwIfAborted();
    const doing = `sampling rows for ${call.name}`;
    await connection.query(doing, 'begin isolation level repeatable read read only');
    await connection.query(doing, `set local statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
    await connection.query(doing, `set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
    return await sampleTables(call, settings, connection, count);
  } finally {
    call.signal.removeEventListener('abort', cut);
    await connection.close();
  }
}

async function sampleTables(
  call: ConnectorCall,
  settings: PostgresSettings,
  connection: Connection,
  count: number,
): Promise<SourceRecord[]> {
  const origin = { database: settings.connection.database, taskId: 0, runId: 'sample', version: '' };
  const factory = new RowFactory(settings.rows, origin);
  const catalog = await Catalog.captured(connection, factory.captures);
  const { signalTable } = settings.snapshot;
  const tables = catalog.tables().filter((table) => !table.partitioned && tableName(table) !== signalTable);
  const each = Math.max(1, Math.floor(count / Math.max(1, tables.length)));
  const nowUs = BigInt(Math.trunc(call.env.clock.nowMs())) * 1000n;
  const records: SourceRecord[] = [];
  for (const table of tables.slice(0, count)) {
    const rows = await connection.query(`sampling ${tableName(table)}`, selectSome(table, each));
    records.push(...rowRecords(blockOf(factory.rows(table, 'text'), rows, nowUs)));
  }
  return records;
}

/** In the order of the key, where there is one: the same rows again, from an index. */
function selectSome(table: Table, most: number): string {
  const columns = table.columns.map(({ name }, cell) => `${quoteIdentifier(name)} AS c${cell}`);
  const order = table.key.map((cell) => quoteIdentifier(table.columns[cell]?.name ?? ''));
  const from = `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`;
  const by = order.length === 0 ? '' : ` ORDER BY ${order.join(', ')}`;
  return `SELECT ${columns.join(', ')} FROM ${from}${by} LIMIT ${most}`;
}

function blockOf({ table, layouts }: TableRows, rows: readonly TextRow[], nowUs: bigint): RowBlock {
  const layout = layouts.read ?? layouts.create;
  const meta = readMeta({ lsn: null, sequence: '[null,null]', xid: null, sourceUs: nowUs }, 'true', nowUs);
  const texts = rows.map((row) => [...meta, ...table.columns.map((_, cell) => row[`c${cell}`] ?? null)]);
  const cells = texts.flat().map((text) => (text === null ? null : Buffer.from(text)));
  const block = new RowBlock(Buffer.concat(cells.filter((cell) => cell !== null)), rows.length, cells.length);
  if (layout === null) return block;
  const width = texts[0]?.length ?? 0;
  let at = 0;
  for (const [index, cell] of cells.entries()) {
    if (index % width === 0) block.begin(layout, NO_TIMESTAMP);
    block.cell(at, cell?.length ?? NULL_CELL);
    at += cell?.length ?? 0;
  }
  return block;
}
