import { open, type Database, type RootDatabase } from 'lmdb';
import { MillraceError } from '../../../record/error.ts';
import { messageOf } from '../../../record/thrown.ts';
import { diskFull, hubMissing, storeBehind, writeFailed } from '../errors.ts';
import { BegunBehind, type LastTransaction } from './last-transaction.ts';
import { guardEnvironment, pause } from './lmdb-guard.ts';

export const FORMAT = 1;
export const DATA_FILE = 'hub.mdb';
/** LMDB's, beside it. */
export const LOCK_FILE = `${DATA_FILE}-lock`;
const DEFAULT_MAP_BYTES = 2 ** 40;
const FORMAT_KEY = Buffer.from([0, 0]);
const SEQ_KEY = Buffer.from([0, 1]);
/** Of the data file and its lock file, where they are made: the log holds everybody's data in clear (I9). */
const OWNER_ONLY = 0o600;
/** LMDB's MDB_NOMETASYNC as a flag of one transaction. */
const NO_META_SYNC = 0x40000;
/** lmdb-js: commit before returning. */
const COMMIT_SYNCHRONOUSLY = 2;
/** How often a transaction that another process's opening put back is begun again. */
const BEGIN_TRIES = 100;
/** How long a reader waits for the writer to set the store right, in milliseconds. */
const BEHIND_MS = 2000;

/** Bytes in, bytes out, and LMDB's own way to sync. */
const PLAIN = {
  noSubdir: true,
  encoding: 'binary',
  keyEncoding: 'binary',
  cache: false,
  overlappingSync: false,
  noSync: false,
  noMetaSync: false,
} as const;

export type Table = Database<Buffer, Buffer>;

export interface StoreOptions {
  /** Opened by a process that is not the writer. */
  readonly readOnly?: boolean;
  /** Largest size of the data file. Address space, not memory. */
  readonly mapBytes?: number;
  /** Name of the data file, {@link DATA_FILE} where none is given. */
  readonly file?: string;
}

export interface Identity {
  readonly format: number;
  readonly hubId: string;
}

/**
 * The LMDB environment of a hub: `hub.mdb` in its directory, tables as in `key.ts`.
 *
 * LMDB runs with its own defaults for durability: a commit syncs the pages, then writes the root
 * through, so that a cut at any instant leaves the last commit or the one before. Reads happen in
 * {@link read} only, which ends its read transaction before it returns; values are copies.
 */
export class Store {
  readonly path: string;
  readonly state: Table;
  readonly log: Table;
  readonly time: Table;
  readonly aborted: Table;
  readonly catalog: Table;
  readonly groups: Table;
  readonly #root: RootDatabase<Buffer, Buffer>;
  #last: LastTransaction | null = null;
  #floor = (): number => 0;

  constructor(directory: string, options: StoreOptions = {}) {
    this.path = `${directory}/${options.file ?? DATA_FILE}`;
    const environment = {
      path: this.path,
      maxDbs: 12,
      maxReaders: 1024,
      mapSize: options.mapBytes ?? DEFAULT_MAP_BYTES,
      readOnly: options.readOnly ?? false,
      permissionsMode: OWNER_ONLY,
    };
    try {
      const release = guardEnvironment(environment);
      try {
        this.#root = open<Buffer, Buffer>({ ...environment, ...PLAIN });
      } finally {
        release();
      }
      this.state = this.#table('state');
      this.log = this.#table('log');
      this.time = this.#table('time');
      this.aborted = this.#table('aborted');
      this.catalog = this.#table('catalog');
      this.groups = this.#table('groups');
    } catch (error) {
      throw openFailed(this.path, error);
    }
  }

  #table(name: string): Table {
    // lmdb-js answers undefined for a table that a reader finds missing.
    const table: Table | undefined = this.#root.openDB<Buffer, Buffer>({
      name,
      encoding: 'binary',
      keyEncoding: 'binary',
    });
    if (table === undefined) throw new Error(`no table ${name}`);
    return table;
  }

  /** For the writer: from now on its transactions and snapshots are held against `last`. */
  keep(last: LastTransaction): void {
    this.#last = last;
  }

  /** For every reader: snapshots are never older than the commit that `floor` answers. */
  neverBehind(floor: () => number): void {
    this.#floor = floor;
  }

  /** Runs `use` on one snapshot of what is committed now. `HUB_BEHIND`. */
  read<T>(use: () => T): T {
    const floor = this.#floor();
    for (let waitedMs = 0; waitedMs < BEHIND_MS; waitedMs++) {
      this.#root.resetReadTxn();
      try {
        if (floor === 0 || this.seq() >= floor) return use();
      } finally {
        this.#root.resetReadTxn();
      }
      // Another process that opened the store has just put it back ({@link LastTransaction}).
      if (this.#last === null) pause(1);
      else this.#last.mend();
    }
    throw storeBehind(this.path, floor);
  }

  /**
   * Runs `change` as one transaction. `durable`: synced when it returns; otherwise the root is
   * written, not synced: it survives `kill -9`, and a power cut may undo it, whole. What `change` throws undoes it.
   */
  commit(durable: boolean, change: () => void): void {
    const last = this.#last;
    if (last === null) return this.#transact(durable, change);
    for (let tries = 1; ; tries++) {
      let number = 0;
      try {
        this.#transact(durable, () => {
          number = this.#root.getWriteTxnId();
          last.prove(number);
          change();
        });
        last.committed(number);
        return;
      } catch (error) {
        if (!(error instanceof BegunBehind) || tries === BEGIN_TRIES) throw error;
        last.mend();
      }
    }
  }

  #transact(durable: boolean, change: () => void): void {
    const root: { transactionSync(change: () => void, flags: number): void } = this.#root;
    root.transactionSync(change, durable ? COMMIT_SYNCHRONOUSLY : COMMIT_SYNCHRONOUSLY | NO_META_SYNC);
  }

  /** Every data file has one from its birth. `HUB_FORMAT`. */
  identity(): Identity {
    const bytes = this.state.get(FORMAT_KEY);
    const identity = bytes === undefined ? null : (JSON.parse(Buffer.from(bytes).toString()) as Identity);
    if (identity?.format === FORMAT) return identity;
    const found = identity === null ? 'no format' : `format ${identity.format}`;
    throw new MillraceError('HUB_FORMAT', `hub: ${this.path} has ${found}, this version reads ${FORMAT}`, {
      kind: 'config',
      key: 'millrace.hub.path',
      remedy: 'Start the version of millrace that wrote it, or choose another directory.',
    });
  }

  putIdentity(identity: Identity): void {
    void this.state.put(FORMAT_KEY, Buffer.from(JSON.stringify(identity)));
  }

  /** Number of the last commit. */
  seq(): number {
    const bytes = this.state.get(SEQ_KEY);
    return bytes === undefined ? 0 : Buffer.from(bytes).readDoubleBE(0);
  }

  putSeq(seq: number): void {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeDoubleBE(seq);
    void this.state.put(SEQ_KEY, bytes);
  }

  /** A number kept under a name; 0 where there is none yet. */
  counter(name: 'partition' | 'producer'): number {
    const bytes = this.state.get(counterKey(name));
    return bytes === undefined ? 0 : Buffer.from(bytes).readDoubleBE(0);
  }

  putCounter(name: 'partition' | 'producer', value: number): void {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeDoubleBE(value);
    void this.state.put(counterKey(name), bytes);
  }

  async close(): Promise<void> {
    await this.#root.close();
    this.#last?.close();
    this.#last = null;
  }
}

function counterKey(name: string): Buffer {
  return Buffer.from(`\0n${name}`);
}

/**
 * What LMDB or the file system said while writing, by name. LMDB calls a write that was cut short by
 * a full disk an input/output error: `nearlyFull` tells the two apart.
 */
export function writeError(path: string, error: unknown, nearlyFull: boolean): MillraceError {
  if (error instanceof MillraceError) return error;
  const message = messageOf(error);
  if (/MDB_MAP_FULL/.test(message)) return diskFull(path, 'it has reached millrace.hub.map.bytes', error);
  const cutShort = nearlyFull && /Input\/output error|EIO/.test(message);
  if (cutShort || /No space left|ENOSPC|quota/i.test(message))
    return diskFull(path, 'no space left on the device', error);
  return writeFailed(path, error);
}

function openFailed(path: string, error: unknown): MillraceError {
  const message = messageOf(error);
  const details = { key: 'millrace.hub.path', cause: error };
  if (/MDB_INVALID|MDB_VERSION_MISMATCH|MDB_CORRUPTED|not an LMDB/i.test(message)) {
    return new MillraceError('HUB_FORMAT', `hub: ${path} is not a hub's data file: ${message}`, {
      ...details,
      kind: 'config',
      remedy: 'Choose another directory, or restore the file from a copy.',
    });
  }
  if (/No such file|no table/i.test(message)) {
    return hubMissing(path, error);
  }
  if (/No space left|ENOSPC/i.test(message)) return diskFull(path, message, error);
  return new MillraceError('HUB_OPEN_FAILED', `hub: opening ${path}: ${message}`, { ...details, kind: 'unavailable' });
}
