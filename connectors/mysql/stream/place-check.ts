import { MillraceError } from '../../../runtime/record/error.ts';
import { GtidSet } from '../binlog/gtid-set.ts';
import type { GtidSources } from '../binlog/gtid-sources.ts';
import { MariadbGtids } from '../binlog/mariadb-gtid.ts';
import type { Connection } from '../connection.ts';
import type { StreamPlace } from '../offset.ts';
import { quoteText } from '../quoting.ts';
import { KEEP_BINLOGS, NEW_SNAPSHOT } from './binlog-error.ts';

type FilePlace = Pick<StreamPlace, 'file' | 'position'>;

const DOING = 'comparing the stored place with the server';

/**
 * Whether the server has everything after a place, and nothing of before is missing there: otherwise a
 * `position` error with the gap (D16). Returns the GTIDs to read behind; '': read by file and position. `sources`:
 * transactions of others are not compared; what the server has of theirs counts as read.
 */
export async function checkPlace(
  connection: Connection,
  place: FilePlace & Pick<StreamPlace, 'gtids'>,
  server: string | undefined,
  sources?: GtidSources,
): Promise<string> {
  if (place.gtids !== '') {
    if (connection.mariadb) return checkMariadb(connection, place.gtids, sources);
    const row = await connection.one(DOING, 'SELECT @@gtid_mode AS m, @@global.gtid_executed AS e, @@gtid_purged AS p');
    if (row?.['m'] === 'ON') {
      const sets = [place.gtids, row['e'] ?? '', row['p'] ?? ''].map((text) => GtidSet.parse(text));
      return checkMysql(sets[0] ?? new GtidSet(), sets[1] ?? new GtidSet(), sets[2] ?? new GtidSet(), sources);
    }
    if (place.file === '') {
      throw new MillraceError('MYSQL_GTID_MODE', `the stored place is GTIDs, but gtid_mode is ${row?.['m']}`, {
        kind: 'position',
        remedy: 'Set gtid_mode=ON on the server, or alter the offset to {"file": …, "pos": …}.',
      });
    }
  }
  await checkServer(connection, server);
  await checkFile(connection, place);
  return '';
}

/** Transactions after the place are gone. */
function binlogPurged(what: string): MillraceError {
  return new MillraceError('MYSQL_BINLOG_PURGED', what, {
    kind: 'position',
    remedy: KEEP_BINLOGS,
  });
}

/** The server does not have transactions that were read. */
function positionAhead(what: string): MillraceError {
  return new MillraceError('MYSQL_POSITION_AHEAD', what, {
    kind: 'position',
    remedy: `It was reset or restored, is another server, or a replica that is behind: point database.hostname to a server that has them. ${NEW_SNAPSHOT}`,
  });
}

function checkMysql(stored: GtidSet, executed: GtidSet, purged: GtidSet, sources: GtidSources | undefined): string {
  const ours = sources === undefined ? stored : known(stored, executed, purged, sources);
  const missing = purged.minus(ours);
  if (!missing.empty) {
    throw binlogPurged(`the server has purged transactions that were not read: ${missing.toString()}`);
  }
  const ahead = ours.minus(executed);
  if (!ahead.empty) {
    throw positionAhead(`the server does not have transactions that were read: ${ahead.toString()}`);
  }
  return String(ours);
}

/** Transactions of sources that do not count: without what the server does not have, with what it has purged. */
function known(stored: GtidSet, executed: GtidSet, purged: GtidSet, { counts }: GtidSources): GtidSet {
  const other = (uuid: string): boolean => !counts(uuid);
  const errant = stored.retain(other).minus(executed);
  return stored.minus(errant).with(purged.retain(other));
}

async function checkMariadb(connection: Connection, gtids: string, sources: GtidSources | undefined): Promise<string> {
  const row = await connection.one(DOING, 'SELECT @@gtid_binlog_state AS s, @@gtid_slave_pos AS r');
  const theirs = new Map<number, bigint>();
  for (const list of [row?.['s'] ?? '', row?.['r'] ?? '']) {
    for (const part of list.split(',').filter((text) => text.trim() !== '')) {
      const one = MariadbGtids.parse(part);
      for (const domain of one.domains()) {
        const sequence = one.sequence(domain) ?? 0n;
        if (sequence > (theirs.get(domain) ?? -1n)) theirs.set(domain, sequence);
      }
    }
  }
  const ours = MariadbGtids.parse(gtids);
  const gone = await mariadbPurged(connection);
  if (sources !== undefined) knownDomains(ours, theirs, gone, sources);
  checkMariadbPurged(gone, ours);
  for (const domain of ours.domains()) {
    const read = ours.sequence(domain) ?? 0n;
    const has = theirs.get(domain);
    if (has !== undefined && has >= read) continue;
    const stands = has === undefined ? 'no transaction' : `transaction ${has}`;
    throw positionAhead(`the server stands at ${stands} of domain ${domain}, but ${read} was read`);
  }
  return String(ours);
}

/** The same of MariaDB's domains. */
function knownDomains(
  ours: MariadbGtids,
  theirs: ReadonlyMap<number, bigint>,
  gone: MariadbGtids,
  { counts }: GtidSources,
): void {
  for (const domain of [...ours.domains(), ...gone.domains()]) {
    if (counts(String(domain))) continue;
    const read = ours.sequence(domain);
    if (read !== undefined && (theirs.get(domain) ?? -1n) < read) ours.delete(domain);
    const purged = gone.last(domain);
    if (purged !== undefined && (ours.sequence(domain) ?? -1n) < purged.sequence) {
      ours.set(domain, purged.server, purged.sequence);
    }
  }
}

/** The state before the oldest binlog: what lies before it is gone. */
async function mariadbPurged(connection: Connection): Promise<MariadbGtids> {
  const [oldest] = await connection.query(DOING, 'SHOW BINARY LOGS');
  const file = oldest?.['Log_name'] ?? '';
  const row = await connection.one(DOING, `SELECT BINLOG_GTID_POS(${quoteText(file)}, 4) AS g`);
  return MariadbGtids.parse(row?.['g'] ?? '');
}

function checkMariadbPurged(gone: MariadbGtids, ours: MariadbGtids): void {
  for (const domain of gone.domains()) {
    const last = gone.sequence(domain) ?? 0n;
    const read = ours.sequence(domain) ?? 0n;
    if (read >= last) continue;
    throw binlogPurged(
      `the server has purged transactions that were not read: ${read + 1n} to ${last} of domain ${domain}`,
    );
  }
}

async function checkServer(connection: Connection, server: string | undefined): Promise<void> {
  if (server === undefined || server === '') return;
  const now = await readServerUuid(connection);
  if (now === server) return;
  throw serverChanged(server, now);
}

/** A file and position of another server. */
export function serverChanged(server: string, now: string): MillraceError {
  return new MillraceError('MYSQL_SERVER_CHANGED', `the stored place is of the server ${server}, this one is ${now}`, {
    kind: 'position',
    key: 'database.hostname',
    remedy: `A file and position mean something on their own server only: point database.hostname to it, or switch both to GTIDs before a failover. ${NEW_SNAPSHOT}`,
  });
}

async function checkFile(connection: Connection, { file, position }: FilePlace): Promise<void> {
  const rows = await connection.query(DOING, 'SHOW BINARY LOGS');
  const names = rows.map((row) => row['Log_name'] ?? '');
  const found = rows.find((row) => row['Log_name'] === file);
  if (found === undefined) {
    throw binlogPurged(
      `the server does not have ${file} any more: it has ${names[0] ?? 'no binlog'} to ${names.at(-1) ?? ''}`,
    );
  }
  if (Number(found['File_size']) >= position) return;
  throw new MillraceError(
    'MYSQL_POSITION_AHEAD',
    `${file} ends at ${found['File_size']} on the server, but was read up to ${position}`,
    {
      kind: 'position',
      remedy: `The server was reset or restored, or lost the end of its binlog in a crash (sync_binlog is not 1). ${NEW_SNAPSHOT}`,
    },
  );
}

/** '' where the server has none. */
export async function readServerUuid(connection: Connection): Promise<string> {
  if (connection.mariadb) return '';
  const row = await connection.one('reading the server’s id', 'SELECT @@server_uuid AS u');
  return row?.['u'] ?? '';
}
