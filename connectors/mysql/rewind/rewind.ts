import { isSnapshot } from '../../../runtime/change/stream-offset.ts';
import type { ConnectorCall } from '../../../runtime/connector/connector.ts';
import type { RewindTarget, RewoundPartition } from '../../../runtime/connector/rewind.ts';
import type { SourceOffset } from '../../../runtime/connector/source.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { GtidSet } from '../binlog/gtid-set.ts';
import type { GtidSources } from '../binlog/gtid-sources.ts';
import { MariadbGtids } from '../binlog/mariadb-gtid.ts';
import { comparePlaces } from '../binlog/compare-places.ts';
import { openConnection, type Connection } from '../connection.ts';
import { readOffset, StreamPosition, type StoredOffset, type StreamPlace } from '../offset.ts';
import { readSettings } from '../settings.ts';
import { checkPlace, readServerUuid } from '../stream/place-check.ts';
import { BinlogFiles } from './binlog-files.ts';
import { gone, parseFilePlace, placeOfFile, placeOfTime, wrong } from './find-place.ts';

/**
 * Back to a place that the server's binlogs still have: a file and position, the GTIDs of what is before, or a time.
 * Only the stream goes back; what stands of snapshots stays.
 */
export async function rewindMysql(
  { name, config, env, signal }: ConnectorCall,
  stored: readonly SourceOffset[],
  to: RewindTarget,
): Promise<readonly RewoundPartition[]> {
  const settings = readSettings(config);
  const stream = stored.find(({ partition }) => partition['server'] === settings.prefix && !isSnapshot(partition));
  if (stream === undefined) throw nothingStored(name);
  if (stream.offset['millrace.incremental'] !== undefined) throw snapshotOpen();
  const now = readOffset(stream.offset);
  const connection = await openConnection(settings.connection, env);
  try {
    const binlogs = await BinlogFiles.open(connection, settings.connection, env);
    const target = await targetPlace(connection, binlogs, now, to, signal);
    if (!isBefore(connection, target, now.place)) return [];
    const server = await readServerUuid(connection);
    await requirePlace(connection, binlogs, target, { server: now.server, sources: settings.sources, key: to.kind });
    const seconds = Math.floor(env.clock.nowMs() / 1000);
    const place = new StreamPosition(target, server, { seconds, serverId: 0 });
    return [
      {
        partition: stream.partition,
        from: stream.offset,
        to: place.toOffset(),
        records: null,
        ...amount(binlogs, connection, target, now.place),
      },
    ];
  } finally {
    await connection.close();
  }
}

async function targetPlace(
  connection: Connection,
  binlogs: BinlogFiles,
  now: StoredOffset,
  to: RewindTarget,
  signal: AbortSignal,
): Promise<StreamPlace> {
  if (to.kind === 'time') return placeOfTime(binlogs, to.timeMs, signal);
  if (to.kind !== 'binlog') {
    throw new MillraceError('MYSQL_REWIND_TARGET', 'a binlog is read again from a place or a time', {
      kind: 'config',
      key: to.kind,
      remedy: 'Give --to-binlog binlog.000003:1234 (or GTIDs), or --to-time.',
    });
  }
  const file = parseFilePlace(to.binlog);
  if (file !== undefined) return placeOfFile(binlogs, file, signal);
  if (now.place.gtids === '') throw wrong('the stored place has no GTIDs', 'Give file:position.');
  return { file: '', position: 4, gtids: normal(connection, to.binlog), event: 0, transaction: '' };
}

/** Throws a `config` error for what is no set of the family. */
function normal({ mariadb }: Connection, text: string): string {
  try {
    return String(mariadb ? MariadbGtids.parse(text) : GtidSet.parse(text));
  } catch (error) {
    if (error instanceof MillraceError) throw wrong(error.message, `${error.remedy ?? ''} Or give file:position.`);
    throw error;
  }
}

/** Whether the target is behind the place: something is read again. By GTID where both have them. */
function isBefore({ mariadb }: Connection, target: StreamPlace, now: StreamPlace): boolean {
  if (now.gtids === '' || target.gtids === '') {
    if (now.gtids !== '' && now.file === '') return true;
    return comparePlaces(target.file, target.position, now.file, now.position) < 0 || now.event > 0;
  }
  if (!mariadb) return !GtidSet.parse(now.gtids).minus(GtidSet.parse(target.gtids)).empty || now.event > 0;
  const [ours, theirs] = [MariadbGtids.parse(now.gtids), MariadbGtids.parse(target.gtids)];
  return (
    ours.domains().some((domain) => (theirs.sequence(domain) ?? 0n) < (ours.sequence(domain) ?? 0n)) || now.event > 0
  );
}

/** The server has everything behind the target. */
async function requirePlace(
  connection: Connection,
  { files }: BinlogFiles,
  target: StreamPlace,
  { server, sources, key }: { server: string | undefined; sources: GtidSources | undefined; key: string },
): Promise<void> {
  try {
    await checkPlace(connection, target, target.gtids === '' ? server : undefined, sources);
  } catch (error) {
    if (!(error instanceof MillraceError) || error.code !== 'MYSQL_BINLOG_PURGED') throw error;
    throw gone(error.message, { key, earliest: `to ${files[0]?.name ?? ''}:4 or later` });
  }
}

/** How much is read again. */
function amount(
  { files }: BinlogFiles,
  { mariadb }: Connection,
  target: StreamPlace,
  now: StreamPlace,
): Pick<RewoundPartition, 'bytes' | 'note'> {
  const from = files.findIndex(({ name }) => name === target.file);
  const to = files.findIndex(({ name }) => name === now.file);
  const counted = count(mariadb, target, now);
  const note = [
    ...(counted === undefined ? [] : [`${counted} transactions`]),
    'of all databases of the server; rows go back to what they were then, and come forward again',
  ].join(' ');
  if (from < 0 || to < from) return { bytes: null, note };
  const whole = files.slice(from, to).reduce((sum, { size }) => sum + size, 0);
  return { bytes: Math.max(0, whole + now.position - target.position), note };
}

function count(mariadb: boolean, target: StreamPlace, now: StreamPlace): bigint | undefined {
  if (target.gtids === '' || now.gtids === '') return undefined;
  if (!mariadb) return GtidSet.parse(now.gtids).minus(GtidSet.parse(target.gtids)).size;
  const [ours, theirs] = [MariadbGtids.parse(now.gtids), MariadbGtids.parse(target.gtids)];
  return ours
    .domains()
    .map((domain) => (ours.sequence(domain) ?? 0n) - (theirs.sequence(domain) ?? 0n))
    .reduce((sum, each) => (each > 0n ? sum + each : sum), 0n);
}

function nothingStored(name: string): MillraceError {
  return new MillraceError('MYSQL_REWIND_NOTHING', `${name} has no stored offset: there is nothing to go back from`, {
    kind: 'position',
    remedy: 'Wait until its first snapshot is done.',
  });
}

function snapshotOpen(): MillraceError {
  return new MillraceError('MYSQL_REWIND_SNAPSHOT', 'a snapshot is being read beside the stream', {
    kind: 'position',
    remedy: 'Wait until it is done, or stop it with the signal stop-snapshot; then rewind.',
  });
}
