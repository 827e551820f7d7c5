import { matchesAny, splitList } from '../../runtime/change/filters.ts';
import { listOf, recordOptions } from '../../runtime/change/options/record-options.ts';
import { selectOverrides, splitStatements } from '../../runtime/change/options/sql-options.ts';
import { parseOptions, type Options, type RawConfig } from '../../runtime/connector/options.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import { gtidSources, type GtidSources } from './binlog/gtid-sources.ts';
import type { ConnectionSettings } from './connection.ts';
import { mysqlOptions } from './options.ts';
import type { RowOptions } from './row/row-options.ts';
import type { SnapshotMode, SnapshotSettings } from './snapshot/snapshot-settings.ts';

type Parsed = Options<typeof mysqlOptions>;

/** A connector's configuration in our terms. */
export interface MysqlSettings {
  /** `topic.prefix` */
  readonly prefix: string;
  readonly connection: ConnectionSettings;
  /** `database.server.id` */
  readonly serverId: number;
  readonly rows: RowOptions;
  readonly snapshot: SnapshotSettings;
  /** `signal.data.collection` */
  readonly signalTable: string | undefined;
  /** `incremental.snapshot.chunk.size` */
  readonly windowRows: number;
  /** undefined: transactions of all sources count. */
  readonly sources: GtidSources | undefined;
  readonly includeQuery: boolean;
  readonly schemaChanges: boolean;
  /** `schema.history.internal.kafka.topic` */
  readonly historyTopic: string;
  /** `schema.history.internal.store.only.captured.tables.ddl` */
  readonly historyOfCaptured: boolean;
  readonly maxRetries: number;
  readonly retryWaitMs: number;
  /** The server's own heartbeat on the binlog connection. */
  readonly keepAliveMs: number;
  readonly heartbeatMs: number;
  readonly heartbeatQuery: string | undefined;
}

/** Throws a `config` error that names the key. */
export function readSettings(config: RawConfig): MysqlSettings {
  const parsed = parseOptions(mysqlOptions, config);
  return {
    prefix: parsed['topic.prefix'],
    connection: connectionSettings(parsed),
    serverId: parsed['database.server.id'],
    rows: rowOptions(parsed, config),
    snapshot: snapshotSettings(parsed, config),
    signalTable: parsed['signal.data.collection'],
    windowRows: parsed['incremental.snapshot.chunk.size'],
    sources: gtidSources(
      listOf(parsed['gtid.source.includes']),
      listOf(parsed['gtid.source.excludes']),
      parsed['gtid.source.filter.dml.events'],
    ),
    includeQuery: parsed['include.query'],
    schemaChanges: parsed['include.schema.changes'],
    historyTopic: parsed['schema.history.internal.kafka.topic'] ?? `${parsed['topic.prefix']}.schema-history`,
    historyOfCaptured: parsed['schema.history.internal.store.only.captured.tables.ddl'],
    maxRetries: parsed['errors.max.retries'],
    retryWaitMs: parsed['retriable.restart.connector.wait.ms'],
    keepAliveMs: parsed['connect.keep.alive.interval.ms'],
    heartbeatMs: parsed['heartbeat.interval.ms'],
    heartbeatQuery: parsed['heartbeat.action.query'],
  };
}

function connectionSettings(parsed: Parsed): ConnectionSettings {
  const sslCa = parsed['millrace.database.ssl.ca'];
  const sslCert = parsed['millrace.database.ssl.cert'];
  const sslKey = parsed['millrace.database.ssl.key'];
  return {
    host: parsed['database.hostname'],
    port: parsed['database.port'],
    user: parsed['database.user'],
    password: parsed['database.password'],
    sslMode: parsed['database.ssl.mode'],
    connectTimeoutMs: parsed['connect.timeout.ms'],
    keepAlive: parsed['connect.keep.alive'],
    initialStatements: splitStatements(parsed['database.initial.statements'] ?? ''),
    ...(sslCa === undefined ? {} : { sslCa }),
    ...(sslCert === undefined ? {} : { sslCert }),
    ...(sslKey === undefined ? {} : { sslKey }),
  };
}

function rowOptions(parsed: Parsed, config: RawConfig): RowOptions {
  return {
    ...recordOptions(parsed, config),
    types: {
      decimal: parsed['decimal.handling.mode'],
      unsignedBigint: parsed['bigint.unsigned.handling.mode'],
      time: parsed['time.precision.mode'],
      binary: parsed['binary.handling.mode'],
      unavailable: parsed['unavailable.value.placeholder'],
    },
    databaseInclude: listOf(parsed['database.include.list']),
    databaseExclude: listOf(parsed['database.exclude.list']),
  };
}

function snapshotSettings(parsed: Parsed, config: RawConfig): SnapshotSettings {
  const included = splitList(parsed['snapshot.include.collection.list'] ?? '');
  return {
    mode: snapshotMode(parsed['snapshot.mode']),
    locking: lockingMode(parsed['snapshot.locking.mode']),
    readers: parsed['snapshot.max.threads'],
    lockTimeoutMs: parsed['snapshot.lock.timeout.ms'],
    delayMs: parsed['snapshot.delay.ms'],
    includes: included.length === 0 ? () => true : matchesAny(included, 'snapshot.include.collection.list'),
    overrides: selectOverrides(parsed['snapshot.select.statement.overrides'], config, 'MYSQL_OVERRIDE_MISSING'),
    chunkRows: parsed['millrace.snapshot.chunk.rows'],
  };
}

function snapshotMode(mode: Parsed['snapshot.mode']): SnapshotMode {
  switch (mode) {
    case 'never':
    case 'schema_only':
      return 'no_data';
    case 'schema_only_recovery':
      return 'recovery';
    case 'custom':
    case 'configuration_based':
      throw new MillraceError('MYSQL_SNAPSHOT_MODE', `snapshot.mode ${mode} is not supported`, {
        kind: 'config',
        key: 'snapshot.mode',
        remedy: 'Use always, initial, initial_only, no_data, when_needed or recovery.',
      });
    default:
      return mode;
  }
}

function lockingMode(mode: Parsed['snapshot.locking.mode']): SnapshotSettings['locking'] {
  if (mode === 'custom') {
    throw new MillraceError('MYSQL_LOCKING_MODE', 'snapshot.locking.mode custom is not supported', {
      kind: 'config',
      key: 'snapshot.locking.mode',
      remedy: 'Use minimal, extended or none.',
    });
  }
  return mode === 'extended' || mode === 'none' ? mode : 'minimal';
}
