import type { Env } from '../../../runtime/env/env.ts';
import { EVENT } from '../binlog/event-type.ts';
import { readGtid, readMariadbGtid, readTaggedGtid } from '../binlog/gtid-event.ts';
import { GtidState } from '../binlog/gtid-state.ts';
import type { Connection, ConnectionSettings } from '../connection.ts';
import type { StreamPlace } from '../offset.ts';
import { plainLiteral, quoteText } from '../quoting.ts';
import { startScan } from '../stream/binlog-start.ts';
import type { EventFeed } from '../stream/event-feed.ts';

const DOING = 'looking through the binlogs';

export interface BinlogFile {
  readonly name: string;
  readonly size: number;
}

/** Where a transaction begins, and when it was committed. */
export interface Begin {
  readonly position: number;
  /** Epoch microseconds: of a second, where the server says no more, its last. */
  readonly us: number;
  /** '' where it has none. */
  readonly gtid: string;
}

/** The binlogs that a server has, and what is in them. */
export class BinlogFiles {
  readonly files: readonly BinlogFile[];
  readonly #connection: Connection;
  readonly #settings: ConnectionSettings;
  readonly #env: Env;

  constructor(files: readonly BinlogFile[], connection: Connection, settings: ConnectionSettings, env: Env) {
    this.files = files;
    this.#connection = connection;
    this.#settings = settings;
    this.#env = env;
  }

  static async open(connection: Connection, settings: ConnectionSettings, env: Env): Promise<BinlogFiles> {
    const rows = await connection.query(DOING, 'SHOW BINARY LOGS');
    const files = rows.map((row) => ({ name: row['Log_name'] ?? '', size: Number(row['File_size'] ?? 0) }));
    return new BinlogFiles(files, connection, settings, env);
  }

  /** When the file was begun, epoch seconds, rounded down. */
  async begunAt(file: BinlogFile, signal: AbortSignal): Promise<number> {
    let seconds = 0;
    await this.#scan(file, signal, (feed) => {
      if (feed.type !== EVENT.formatDescription || feed.seconds === 0) return false;
      ({ seconds } = feed);
      return true;
    });
    return seconds;
  }

  /** Calls for each transaction of a file until the answer is true. */
  async begins(file: BinlogFile, signal: AbortSignal, each: (begin: Begin) => boolean): Promise<void> {
    await this.#scan(file, signal, (feed) => {
      const gtid = gtidOf(feed);
      if (gtid === undefined) return false;
      return each({
        position: feed.start,
        us: gtid.us === 0 ? feed.seconds * 1_000_000 + 999_999 : gtid.us,
        gtid: gtid.text,
      });
    });
  }

  /** The place of a transaction's begin, with the GTIDs of all before it. */
  async place(file: BinlogFile, position: number, signal: AbortSignal): Promise<StreamPlace> {
    const place = { file: file.name, position, event: 0, transaction: '' };
    if (this.#connection.mariadb) {
      const row = await this.#connection.one(
        DOING,
        `SELECT BINLOG_GTID_POS(${quoteText(file.name)}, ${position}) AS g`,
      );
      return { ...place, gtids: row?.['g'] ?? '' };
    }
    const gtids = new GtidState('mysql', await this.#previous(file));
    if (position > 4) {
      await this.begins(file, signal, (begin) => {
        if (begin.position >= position) return true;
        if (begin.gtid !== '') gtids.add(begin.gtid);
        return false;
      });
    }
    return { ...place, gtids: String(gtids) };
  }

  /** MySQL writes at each file's begin which transactions are in those before it. */
  async #previous({ name }: BinlogFile): Promise<string> {
    const rows = await this.#connection.query(DOING, `SHOW BINLOG EVENTS IN ${plainLiteral(name)} LIMIT 3`);
    return (rows.find((row) => row['Event_type'] === 'Previous_gtids')?.['Info'] ?? '').replaceAll(/\s/g, '');
  }

  /** Reads a file's events until `found`, or its end. */
  async #scan({ name, size }: BinlogFile, signal: AbortSignal, found: (feed: EventFeed) => boolean): Promise<void> {
    const feed = await startScan({ connection: this.#settings }, this.#env, name, 4);
    try {
      for (;;) {
        while (feed.next()) {
          if (feed.file !== name || found(feed) || feed.position >= size) return;
        }
        if (!feed.take()) await feed.wait(signal);
      }
    } finally {
      feed.close();
    }
  }
}

/** What a transaction's first event says; undefined: it is another event. */
function gtidOf(feed: EventFeed): { text: string; us: number } | undefined {
  switch (feed.type) {
    case EVENT.gtid:
    case EVENT.anonymousGtid: {
      const { gtid, commitUs } = readGtid(feed.body(), feed.type === EVENT.anonymousGtid);
      return { text: gtid, us: commitUs };
    }
    case EVENT.taggedGtid: {
      const { gtid, commitUs } = readTaggedGtid(feed.body());
      return { text: gtid, us: commitUs };
    }
    case EVENT.mariadbGtid:
      return { text: readMariadbGtid(feed.body(), feed.serverId).gtid, us: 0 };
    default:
      return undefined;
  }
}
