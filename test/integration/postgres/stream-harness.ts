import type { SourceBatch } from '../../../runtime/connector/source.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { RowBlock } from '../../../runtime/record/row-block.ts';
import type { Value } from '../../../runtime/record/value.ts';
import { Catalog } from '../../../connectors/postgres/catalog/catalog.ts';
import { openConnection, type ConnectionSettings } from '../../../connectors/postgres/connection.ts';
import { StreamPosition, type StoredOffset } from '../../../connectors/postgres/offset.ts';
import type { RowOptions } from '../../../connectors/postgres/row/row-options.ts';
import { RowFactory } from '../../../connectors/postgres/row/table-rows.ts';
import { createSlot } from '../../../connectors/postgres/slot/slot.ts';
import { CapturedTables } from '../../../connectors/postgres/stream/captured-tables.ts';
import { identify, prepareReplication } from '../../../connectors/postgres/stream/prepare.ts';
import { ReplicationStream } from '../../../connectors/postgres/stream/replication-stream.ts';
import type { AssemblerOptions } from '../../../connectors/postgres/stream/assembler-options.ts';
import { SideConnection } from '../../../connectors/postgres/stream/side-connection.ts';
import { listen, type Said } from '../change/listen.ts';
import { usualRowOptions } from '../../unit/connectors/postgres/row/usual-row-options.ts';

export interface Server {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

export function connectionTo(server: Server, changes: Partial<ConnectionSettings> = {}): ConnectionSettings {
  return {
    host: server.host,
    port: server.port,
    user: server.user,
    password: '',
    database: server.database,
    sslmode: 'disable',
    tcpKeepAlive: true,
    initialStatements: [],
    queryTimeoutMs: 30_000,
    connectTimeoutMs: 10_000,
    applicationName: 'millrace test',
    ...changes,
  };
}

export interface StreamSetup {
  readonly server: Server;
  readonly slot: string;
  readonly publication: string;
  readonly connection?: Partial<ConnectionSettings>;
  readonly rows?: Partial<RowOptions>;
  readonly assembler?: Partial<AssemblerOptions>;
  readonly statusIntervalMs?: number;
  readonly maxRetries?: number;
  readonly slotMaxRetries?: number;
  readonly slotRetryDelayMs?: number;
}

/** Creates slot and publication; returns the offset to start from. */
export async function createStream(setup: StreamSetup): Promise<StoredOffset> {
  const settings = connectionTo(setup.server, setup.connection);
  const connection = await openConnection(settings, realEnv, { replication: true });
  try {
    const { consistentLsn } = await createSlot(connection, setup.slot, { failover: false, snapshot: 'nothing' });
    const { systemId, timeline } = await identify(connection);
    return {
      place: { flushLsn: consistentLsn, commitLsn: consistentLsn, index: 0 },
      identity: { systemId, timeline, slot: setup.slot },
      eventLsn: undefined,
    };
  } finally {
    await connection.close();
  }
}

export interface OpenStream extends Said {
  readonly stream: ReplicationStream;
  readonly side: SideConnection;
  close(): Promise<void>;
}

/** Opens the stream at an offset, as the task does. */
export async function openStream(setup: StreamSetup, from: StoredOffset): Promise<OpenStream> {
  const settings = connectionTo(setup.server, setup.connection);
  const side = new SideConnection({ connect: () => openConnection(settings, realEnv) });
  const factory = new RowFactory(
    { ...usualRowOptions, ...setup.rows },
    { database: setup.server.database, taskId: 0, runId: 'run', version: 'test' },
  );
  const catalog = await Catalog.captured(side, factory.captures);
  const said = listen();
  const stream = new ReplicationStream(
    {
      partition: { server: 'p' },
      statusIntervalMs: setup.statusIntervalMs ?? 10_000,
      maxRetries: setup.maxRetries ?? -1,
      retryWaitMs: 1000,
      announce: false,
    },
    {
      env: realEnv,
      context: said.context,
      prepare: (place, signal) =>
        prepareReplication(
          settings,
          {
            slot: setup.slot,
            publication: setup.publication,
            streamParams: new Map(),
            slotMaxRetries: setup.slotMaxRetries ?? 6,
            slotRetryDelayMs: setup.slotRetryDelayMs ?? 10_000,
          },
          side,
          realEnv,
          place,
          signal,
        ),
    },
    { tables: new CapturedTables(catalog, factory, side), skipUnchanged: false, ...setup.assembler },
    from,
  );
  try {
    await stream.open(from, new AbortController().signal);
  } catch (error) {
    await stream.close();
    await side.close();
    throw error;
  }
  return {
    ...said,
    stream,
    side,
    close: async () => {
      await stream.close();
      await side.close();
    },
  };
}

/** One record: topic, key and value as values; undefined value: a tombstone. */
export interface Seen {
  readonly topic: string;
  readonly key: Value;
  readonly value: Value;
}

export function recordsOf(batch: SourceBatch): Seen[] {
  const { records } = batch;
  if (!(records instanceof RowBlock)) return [];
  return Array.from({ length: records.count }, (_, row) => {
    const { topic, key, value } = records.layout(row);
    return {
      topic,
      key: key === null ? null : records.value(row, key),
      value: value === null ? null : records.value(row, value),
    };
  });
}

/** The stream's position of a batch. */
export function positionOf(batch: SourceBatch): StreamPosition {
  const position = batch.progress?.[0]?.position;
  if (!(position instanceof StreamPosition)) throw new Error('no position');
  return position;
}
