import { EVENT } from '../../binlog/event-type.ts';
import { dumpCommand, dumpGtidCommand } from '../../binlog/dump.ts';
import { readGtid } from '../../binlog/gtid-event.ts';
import { GtidSet } from '../../binlog/gtid-set.ts';
import { comparePlaces } from '../../binlog/compare-places.ts';
import type { Connection } from '../../connection.ts';
import type { StreamPlace } from '../../offset.ts';
import { EventFeed } from '../../stream/event-feed.ts';
import { serverChanged, readServerUuid } from '../../stream/place-check.ts';
import { classify, readQueryEvent } from '../../stream/query-event.ts';
import { statementEffect, type StatementEffect } from './statement-effect.ts';

/** Everything before it is done: by GTIDs where the server writes them, else by file and position. */
export type HistoryPlace = Pick<StreamPlace, 'file' | 'position' | 'gtids'>;

/** A statement on definitions further on in the binlog. */
export interface LaterStatement {
  readonly gtid: string;
  readonly file: string;
  /** Its end. */
  readonly position: number;
  readonly sql: string;
  readonly effect: StatementEffect;
}

/** With this number a dump ends at the end of the binlog, and no other dump is ended by it. */
const NO_SERVER_ID = 0;
/** Of a statement in memory, for messages. */
const SHOWN = 200;
/** Statements kept at most; of more, those that come after concern every table (I7). */
const MAX_STATEMENTS = 20_000;

const EVERY_TABLE: StatementEffect = { concerns: () => true, renamed: () => undefined };

/**
 * Statements on definitions that a stream which is behind has still to come to. The binlog is read from the place to
 * its end once; what was read is not read again by the next question.
 */
export class ReadAhead {
  readonly #server: string;
  readonly #said: (text: string) => void;
  /** What was read: transactions, where there are GTIDs, else everything from one place to another. */
  #scanned: { readonly by: 'gtid'; readonly from: GtidSet; readonly to: GtidSet } | Files | undefined;
  #found: LaterStatement[] = [];

  /** `server`: whose files and positions these are. `said`: hears how far it is. */
  constructor(server: string, said: (text: string) => void) {
    this.#server = server;
    this.#said = said;
  }

  /**
   * In the order of the binlog, up to its end as it is after the call. The connection cannot be used any more. Throws
   * a `position` error where files and positions are not of this server.
   */
  async after(connection: Connection, place: HistoryPlace, signal: AbortSignal): Promise<readonly LaterStatement[]> {
    const row = await connection.one(DOING, 'SELECT @@global.binlog_checksum AS c, @@global.gtid_mode AS m');
    const checksums = row?.['c'] === 'CRC32';
    await connection.query(DOING, 'SET @master_binlog_checksum = @@global.binlog_checksum');
    if (place.gtids !== '' && row?.['m'] === 'ON')
      await this.#byGtid(connection, GtidSet.parse(place.gtids), checksums, signal);
    else await this.#byFile(connection, place, checksums, signal);
    return this.#found;
  }

  async #byGtid(connection: Connection, place: GtidSet, checksums: boolean, signal: AbortSignal): Promise<void> {
    const before = this.#scanned;
    const goOn = before?.by === 'gtid' && before.from.minus(place).empty && place.minus(before.to).empty;
    const to = goOn ? before.to : place.copy();
    if (!goOn) this.#found = [];
    this.#found = this.#found.filter(({ gtid }) => !contains(place, gtid));
    this.#scanned = undefined;
    connection.stream.command(dumpGtidCommand(NO_SERVER_ID, to.encode()));
    const feed = new EventFeed(connection, '', 4, checksums, { finite: true });
    await this.#scan(feed, signal, (gtid) => add(to, gtid));
    this.#scanned = { by: 'gtid', from: goOn ? before.from : place, to };
  }

  async #byFile(connection: Connection, place: HistoryPlace, checksums: boolean, signal: AbortSignal): Promise<void> {
    const uuid = await readServerUuid(connection);
    if (uuid !== this.#server) throw serverChanged(this.#server, uuid);
    const before = this.#scanned;
    const goOn = before?.by === 'file' && !isBefore(place, before.from) && !isBefore(before.to, place);
    const from = goOn ? before.to : place;
    if (!goOn) this.#found = [];
    this.#found = this.#found.filter((statement) => isBefore(place, statement));
    this.#scanned = undefined;
    connection.stream.command(dumpCommand(NO_SERVER_ID, from.file, from.position, false));
    const feed = new EventFeed(connection, from.file, from.position, checksums, { finite: true });
    await this.#scan(feed, signal, () => undefined);
    const { file, position } = feed;
    this.#scanned = { by: 'file', from: goOn ? before.from : place, to: { file, position } };
  }

  async #scan(feed: EventFeed, signal: AbortSignal, passed: (gtid: string) => void): Promise<void> {
    let gtid = '';
    for (;;) {
      while (feed.next()) {
        if (feed.type === EVENT.gtid) {
          ({ gtid } = readGtid(feed.body(), false));
          passed(gtid);
        } else if (feed.type === EVENT.anonymousGtid) gtid = '';
        else if (feed.type === EVENT.query) this.#statement(feed, gtid);
      }
      if (feed.ended) return;
      this.#said(`reading ahead for changed definitions: ${feed.place}`);
      if (!feed.take()) await feed.wait(signal);
    }
  }

  #statement(feed: EventFeed, gtid: string): void {
    const { sql, database } = readQueryEvent(feed.body(), false);
    if (classify(sql) !== 'ddl') return;
    const effect = statementEffect(sql, database);
    if (effect === undefined) return;
    const { file, position } = feed;
    const full = this.#found.length >= MAX_STATEMENTS;
    if (full) this.#found.pop();
    this.#found.push({ gtid, file, position, sql: sql.slice(0, SHOWN), effect: full ? EVERY_TABLE : effect });
  }
}

type FilePlace = Pick<StreamPlace, 'file' | 'position'>;
interface Files {
  readonly by: 'file';
  readonly from: FilePlace;
  readonly to: FilePlace;
}

const DOING = 'reading ahead in the binlog';

function isBefore(left: FilePlace, right: FilePlace): boolean {
  return comparePlaces(left.file, left.position, right.file, right.position) < 0;
}

function contains(set: GtidSet, gtid: string): boolean {
  const colon = gtid.lastIndexOf(':');
  return colon > 0 && set.has(gtid.slice(0, colon), BigInt(gtid.slice(colon + 1)));
}

function add(set: GtidSet, gtid: string): void {
  const colon = gtid.lastIndexOf(':');
  set.add(gtid.slice(0, colon), BigInt(gtid.slice(colon + 1)));
}
