import { MillraceError, type ErrorKind } from '../../../runtime/record/error.ts';
import type { ServerFailure } from '../wire/server-error.ts';

interface Refusal {
  readonly text: RegExp;
  readonly code: string;
  readonly kind: ErrorKind;
  readonly remedy: string;
  readonly key?: string;
}

/** Remedy of a place that the server has no way on from. */
export const NEW_SNAPSHOT =
  'Stop the connector and delete its offsets to take a new snapshot, or use snapshot.mode=when_needed.';
/** The same, of binlogs that are gone. */
export const KEEP_BINLOGS = `${NEW_SNAPSHOT} Keep binlogs longer (binlog_expire_logs_seconds) than a connector may be stopped.`;

/** What the dump thread says when it refuses (error 1236 and its kin): the number alone tells nothing. */
const REFUSALS: readonly Refusal[] = [
  {
    text: /same server_(?:uu)?id as this (?:slave|replica)|same server_(?:uu)?id/i,
    code: 'MYSQL_SERVER_ID_TAKEN',
    kind: 'busy',
    key: 'database.server.id',
    remedy: 'Give each connector and replica of this server a database.server.id of its own.',
  },
  {
    text: /purged|could not find first log file|could not find next log|Could not find GTID state|could not open log file/i,
    code: 'MYSQL_BINLOG_PURGED',
    kind: 'position',
    remedy: KEEP_BINLOGS,
  },
  {
    text: /which is not in the (?:master|primary|source)'s binlog|has more GTIDs than|impossible position|position > file size|out of range/i,
    code: 'MYSQL_POSITION_AHEAD',
    kind: 'position',
    remedy: `The server does not have what was already read: it was reset, restored, or is another one. ${NEW_SNAPSHOT}`,
  },
  {
    text: /crc|checksum|bogus data|log event entry exceeded|corrupt/i,
    code: 'MYSQL_BINLOG_CORRUPT',
    kind: 'corrupt',
    remedy: 'The server cannot read its own binlog: check its disk and error log.',
  },
];

const PERMISSION = new Set([1045, 1227, 1044]);

/** An error that the server sent in place of an event. */
export function dumpError({ number, message }: ServerFailure, at: string): MillraceError {
  const doing = `reading the binlog at ${at}`;
  if (PERMISSION.has(number)) {
    return new MillraceError('MYSQL_PERMISSION', `${doing}: ${message} (${number})`, {
      kind: 'permission',
      key: 'database.user',
      remedy: 'GRANT REPLICATION SLAVE ON *.* TO the account.',
    });
  }
  const known = REFUSALS.find(({ text }) => text.test(message));
  if (known !== undefined) {
    const { code, kind, remedy, key } = known;
    return new MillraceError(code, `${doing}: ${message} (${number})`, {
      kind,
      remedy,
      ...(key === undefined ? {} : { key }),
    });
  }
  const away = [1053, 1159, 1160, 1161, 1158, 1317, 1927, 2013].includes(number);
  return new MillraceError(away ? 'MYSQL_UNAVAILABLE' : 'MYSQL_BINLOG_REFUSED', `${doing}: ${message} (${number})`, {
    kind: away ? 'unavailable' : 'position',
    ...(away ? {} : { remedy: NEW_SNAPSHOT }),
  });
}

/** The server says that the binlog has a gap. */
export function incident(place: string): MillraceError {
  return new MillraceError('MYSQL_INCIDENT', `the server lost events at ${place}`, {
    kind: 'position',
    remedy: 'The binlog has a gap there: take a new snapshot, or alter the offset to a place behind it.',
  });
}

export function eventUnknown(type: number, place: string): MillraceError {
  return new MillraceError('MYSQL_EVENT_UNKNOWN', `the event at ${place} has the unknown type ${type}`, {
    kind: 'bug',
    remedy: 'Report it with the server version.',
  });
}
