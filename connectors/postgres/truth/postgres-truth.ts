import type { ConnectorCall } from '../../../runtime/connector/connector.ts';
import type { SourceOffset } from '../../../runtime/connector/source.ts';
import type { SourceTruth, TruthTable } from '../../../runtime/connector/truth.ts';
import { Catalog } from '../catalog/catalog.ts';
import { openConnection, type Connection } from '../connection.ts';
import { readOffset } from '../offset.ts';
import { RowFactory } from '../row/table-rows.ts';
import { invisibleIn } from '../snapshot/visibility.ts';
import { readSettings, type PostgresSettings } from '../settings.ts';
import { formatLsn, parseLsn } from '../wire/lsn.ts';
import { PLACE_FIELDS, precedes, walRecord } from './event-place.ts';
import { truthTable } from './truth-table.ts';

/** Snapshot rows were read before the stream began, or merged into it in order: they always count. */
const READ = new Set(['true', 'first', 'first_in_data_collection', 'last_in_data_collection', 'last', 'incremental']);

/** Prefix of the logical message that moves an idle stream past the compared position. */
const MARK_PREFIX = 'millrace.verify';

/**
 * All captured tables at one exact position: a temporary slot's consistent point and the snapshot
 * exported with it. The transaction stays open until `close`.
 */
export async function postgresTruth(call: ConnectorCall): Promise<SourceTruth> {
  const settings = readSettings(call.config);
  const connection = await openConnection(settings.connection, call.env, { unlimited: true });
  try {
    const { lsn, invisible } = await takeSnapshot(settings, call, connection);
    await pastTheSnapshot(settings, call.env);
    const tables = await readTables(settings, call, connection);
    return {
      position: formatLsn(lsn),
      tables,
      covered: (offsets) => offsets.some((stored) => isPast(stored, settings.prefix, lsn)),
      includes: (source) => {
        const { txId, snapshot } = source;
        if (typeof snapshot === 'string' && READ.has(snapshot)) return true;
        return typeof txId === 'number' || typeof txId === 'bigint' ? !invisible(Number(txId)) : true;
      },
      includedBy: ['snapshot', 'txId'],
      event: walRecord,
      precedes,
      placedBy: PLACE_FIELDS,
      close: () => connection.close(),
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

interface ExactSnapshot {
  readonly lsn: bigint;
  readonly invisible: (xid: number) => boolean;
}

async function takeSnapshot(
  settings: PostgresSettings,
  { env, name }: ConnectorCall,
  connection: Connection,
): Promise<ExactSnapshot> {
  const doing = `taking a snapshot to verify ${name}`;
  const walsender = await openConnection(settings.connection, env, { replication: true });
  try {
    const slot = `millrace_verify_${env.random.bytes(6).toString('hex')}`;
    const made = await walsender.one(
      doing,
      `CREATE_REPLICATION_SLOT "${slot}" TEMPORARY LOGICAL pgoutput EXPORT_SNAPSHOT`,
    );
    await connection.query(doing, 'begin isolation level repeatable read read only');
    await connection.query(doing, `set transaction snapshot '${made?.['snapshot_name'] ?? ''}'`);
    const snapshot = await connection.one(doing, 'select pg_current_snapshot() as text');
    return {
      lsn: parseLsn(made?.['consistent_point'] ?? '') ?? 0n,
      invisible: invisibleIn(snapshot?.['text'] ?? ''),
    };
  } finally {
    await walsender.close();
  }
}

/** Writes a little WAL of this database, so that the stored offset of an idle connector passes the position. */
async function pastTheSnapshot(settings: PostgresSettings, env: ConnectorCall['env']): Promise<void> {
  const connection = await openConnection(settings.connection, env);
  try {
    await connection.query('moving the stream on', `select pg_logical_emit_message(true, '${MARK_PREFIX}', '')`);
  } finally {
    await connection.close();
  }
}

async function readTables(
  settings: PostgresSettings,
  call: ConnectorCall,
  connection: Connection,
): Promise<TruthTable[]> {
  const { rows } = settings;
  const origin = { database: settings.connection.database, taskId: 0, runId: '', version: '' };
  const factory = new RowFactory(rows, origin);
  const catalog = await Catalog.captured(connection, factory.captures);
  const tables: TruthTable[] = [];
  for (const table of catalog.tables()) {
    if (table.partitioned || `${table.schema}.${table.name}` === settings.snapshot.signalTable) continue;
    call.signal.throwIfAborted();
    const topic = factory.topics.table(table.schema, table.name);
    tables.push(await truthTable(factory.rows(table, 'text'), topic, rows.types, connection));
  }
  return tables;
}

function isPast({ partition, offset }: SourceOffset, prefix: string, lsn: bigint): boolean {
  if (partition['server'] !== prefix || Object.keys(partition).length !== 1) return false;
  return readOffset(offset).place.flushLsn >= lsn;
}
