import { includeOrExclude, matchesAny, splitList } from '../../runtime/change/filters.ts';
import { listOf, recordOptions, skippedOperations } from '../../runtime/change/options/record-options.ts';
import { selectOverrides, splitStatements } from '../../runtime/change/options/sql-options.ts';
import { parseOptions, type Options, type RawConfig } from '../../runtime/connector/options.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import type { ConnectionSettings } from './connection.ts';
import { postgresOptions } from './options.ts';
import type { RowOptions } from './row/row-options.ts';
import type { PublicationSettings } from './slot/publication.ts';
import type { ReplicationSettings } from './stream/prepare.ts';
import type { SnapshotMode, SnapshotOptions } from './snapshot/upstream.ts';
import { placeholderText } from './type/options.ts';

type Parsed = Options<typeof postgresOptions>;

/** A connector's configuration in our terms. */
export interface PostgresSettings {
  /** `topic.prefix` */
  readonly prefix: string;
  readonly connection: ConnectionSettings;
  readonly replication: ReplicationSettings;
  readonly publication: PublicationSettings;
  readonly rows: RowOptions;
  readonly snapshot: SnapshotOptions;
  readonly slotFailover: boolean;
  readonly dropSlotOnStop: boolean;
  /** Go on from a slot that is ahead of the offset, or has none. */
  readonly trustSlot: boolean;
  readonly statusIntervalMs: number;
  readonly maxRetries: number;
  readonly retryWaitMs: number;
  readonly heartbeatMs: number;
  readonly heartbeatQuery: string | undefined;
  readonly slotPollMs: number;
  readonly walWarningRatio: number;
  readonly messageWanted: (prefix: string) => boolean;
}

/** Throws a `config` error that names the key. */
export function readSettings(config: RawConfig): PostgresSettings {
  const parsed = parseOptions(postgresOptions, config);
  return {
    prefix: parsed['topic.prefix'],
    connection: connectionSettings(parsed, config['name'] ?? 'postgres'),
    replication: {
      slot: parsed['slot.name'],
      publication: parsed['publication.name'],
      streamParams: streamParams(parsed['slot.stream.params'] ?? ''),
      slotMaxRetries: parsed['slot.max.retries'],
      slotRetryDelayMs: parsed['slot.retry.delay.ms'],
    },
    publication: {
      name: parsed['publication.name'],
      slot: parsed['slot.name'],
      mode: parsed['publication.autocreate.mode'],
      viaRoot: parsed['publish.via.partition.root'],
      skipped: skippedOperations(parsed['skipped.operations']),
      replicaIdentities: parsed['replica.identity.autoset.values'] ?? '',
    },
    rows: rowOptions(parsed, config),
    snapshot: snapshotSettings(parsed, config),
    slotFailover: parsed['slot.failover'],
    dropSlotOnStop: parsed['slot.drop.on.stop'],
    trustSlot: trustsSlot(parsed),
    statusIntervalMs: parsed['status.update.interval.ms'],
    maxRetries: parsed['errors.max.retries'],
    retryWaitMs: parsed['retriable.restart.connector.wait.ms'],
    heartbeatMs: parsed['heartbeat.interval.ms'],
    heartbeatQuery: parsed['heartbeat.action.query'],
    slotPollMs: parsed['millrace.slot.poll.interval.ms'],
    walWarningRatio: parsed['millrace.wal.warning.ratio'],
    messageWanted: messageTest(parsed),
  };
}

/** Which logical messages make records; those of millrace itself never do. */
function messageTest(parsed: Parsed): (prefix: string) => boolean {
  const listed = includeOrExclude(
    splitList(parsed['message.prefix.include.list'] ?? ''),
    splitList(parsed['message.prefix.exclude.list'] ?? ''),
    { include: 'message.prefix.include.list', exclude: 'message.prefix.exclude.list' },
  );
  return (prefix) => !prefix.startsWith('millrace.') && listed(prefix);
}

function connectionSettings(parsed: Parsed, name: string): ConnectionSettings {
  const statements = splitStatements(parsed['database.initial.statements'] ?? '');
  const sslrootcert = parsed['database.sslrootcert'];
  const sslcert = parsed['database.sslcert'];
  const sslkey = parsed['database.sslkey'];
  const sslpassword = parsed['database.sslpassword'];
  return {
    host: parsed['database.hostname'],
    port: parsed['database.port'],
    user: parsed['database.user'],
    password: parsed['database.password'],
    database: parsed['database.dbname'],
    sslmode: parsed['database.sslmode'],
    tcpKeepAlive: parsed['database.tcpKeepAlive'],
    initialStatements: statements,
    queryTimeoutMs: parsed['database.query.timeout.ms'],
    connectTimeoutMs: parsed['connection.validation.timeout.ms'],
    applicationName: `millrace ${name}`,
    ...(sslrootcert === undefined ? {} : { sslrootcert }),
    ...(sslcert === undefined ? {} : { sslcert }),
    ...(sslkey === undefined ? {} : { sslkey }),
    ...(sslpassword === undefined ? {} : { sslpassword }),
  };
}

function rowOptions(parsed: Parsed, config: RawConfig): RowOptions {
  return {
    ...recordOptions(parsed, config),
    types: {
      decimal: parsed['decimal.handling.mode'],
      time: parsed['time.precision.mode'],
      binary: parsed['binary.handling.mode'],
      interval: parsed['interval.handling.mode'],
      hstore: parsed['hstore.handling.mode'],
      moneyFractionDigits: parsed['money.fraction.digits'],
      unknown: parsed['include.unknown.datatypes'],
      unavailable: placeholderText(parsed['unavailable.value.placeholder']),
    },
    schemaInclude: listOf(parsed['schema.include.list']),
    schemaExclude: listOf(parsed['schema.exclude.list']),
  };
}

function snapshotSettings(parsed: Parsed, config: RawConfig): SnapshotOptions {
  const included = splitList(parsed['snapshot.include.collection.list'] ?? '');
  const signalTable = parsed['signal.data.collection'];
  return {
    mode: snapshotMode(parsed['snapshot.mode']),
    readers: parsed['snapshot.max.threads'],
    lockTimeoutMs: parsed['snapshot.lock.timeout.ms'],
    delayMs: parsed['snapshot.delay.ms'],
    includes: included.length === 0 ? () => true : matchesAny(included, 'snapshot.include.collection.list'),
    overrides: selectOverrides(parsed['snapshot.select.statement.overrides'], config, 'POSTGRES_OVERRIDE_MISSING'),
    chunkBytes: parsed['millrace.snapshot.chunk.bytes'],
    windowRows: parsed['incremental.snapshot.chunk.size'],
    ...(signalTable === undefined ? {} : { signalTable }),
    adoptSlot: parsed['millrace.slot.adopt'] || trustsSlot(parsed),
  };
}

function snapshotMode(mode: Parsed['snapshot.mode']): SnapshotMode {
  if (mode === 'never') return 'no_data';
  if (mode !== 'custom' && mode !== 'configuration_based') return mode;
  throw new MillraceError('POSTGRES_SNAPSHOT_MODE', `snapshot.mode ${mode} is not supported`, {
    kind: 'config',
    key: 'snapshot.mode',
    remedy: 'Use always, initial, initial_only, no_data or when_needed.',
  });
}

function trustsSlot(parsed: Parsed): boolean {
  const strategy = parsed['offset.mismatch.strategy'];
  return strategy === 'trust_slot' || strategy === 'trust_greater_lsn';
}

/** `name=value;name=value`. What would change the protocol is refused. */
export function streamParams(text: string): ReadonlyMap<string, string> {
  const params = new Map<string, string>();
  for (const part of text.split(';')) {
    if (part.trim() === '') continue;
    const [name = '', ...rest] = part.split('=');
    const key = name.trim();
    if (
      rest.length === 0 ||
      !/^[a-z_]+$/.test(key) ||
      ['proto_version', 'streaming', 'two_phase', 'binary'].includes(key)
    ) {
      throw new MillraceError('POSTGRES_STREAM_PARAMS', `slot.stream.params: ${part.trim()} cannot be passed on`, {
        kind: 'config',
        key: 'slot.stream.params',
        remedy: 'Write name=value;name=value. proto_version, streaming, two_phase and binary are not yours to set.',
      });
    }
    params.set(key, rest.join('=').trim());
  }
  return params;
}
