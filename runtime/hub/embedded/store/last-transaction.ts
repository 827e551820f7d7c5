import type { Env, FileInPlace } from '../../../env/env.ts';

/** mdb.c: `mti_magic` and `mti_txnid` of the lock file's head, `MDB_txbody`. */
const LOCK_MAGIC = 0xbeefc0de;
const LOCK_TXNID_AT = 8;
/** mdb.c: in each of the data file's two first pages, behind its header, `MDB_meta`: `mm_psize`, `mm_txnid`. */
const META_PAGE_SIZE_AT = 48;
const META_TXNID_AT = 152;
const META_BYTES = 160;

/** A transaction has begun behind what is committed: it must not be committed, and has written nothing yet. */
export class BegunBehind extends Error {
  constructor(begun: number, held: number) {
    super(`transaction ${begun} began where ${held} is committed`);
  }
}

/**
 * Keeps the number of the last transaction, which LMDB takes from its lock file, what it has to be.
 *
 * Why: whoever opens an environment reads that number from the data file and writes it into the
 * shared lock file a moment later (`mdb_env_open2` of lmdb-js 3, in every process, readers too). A
 * commit between the two is taken back by it: the next transaction begins one commit earlier and is
 * written over the lost one (I5). The data file itself still holds both until then, so the writer, which
 * alone may commit, looks before it writes and sets the number right.
 */
export class LastTransaction {
  readonly #data: FileInPlace;
  /** Closed after the environment only: with any handle of this file go all locks the process has on it. */
  readonly #lock: FileInPlace;
  readonly #pageBytes: number;
  #last: number;

  private constructor(data: FileInPlace, lock: FileInPlace) {
    this.#data = data;
    this.#lock = lock;
    this.#pageBytes = data.read(META_PAGE_SIZE_AT, 4).readUInt32LE();
    this.#last = this.#newest();
  }

  /** Of the environment at `path`, which this process has open. */
  static open(path: string, env: Env): LastTransaction {
    const data = env.files.openInPlace(path, 'r');
    return new LastTransaction(data, env.files.openInPlace(`${path}-lock`, 'r+'));
  }

  /** For a write transaction that has just begun, with its number. {@link BegunBehind}. */
  prove(begun: number): void {
    if (begun === this.#last + 1) return;
    this.#last = this.#newest();
    if (begun !== this.#last + 1) throw new BegunBehind(begun, this.#last);
  }

  committed(number: number): void {
    this.#last = number;
  }

  /** Sets the number right where it is behind. Between transactions, in the writer's thread. */
  mend(): void {
    const head = this.#lock.read(0, LOCK_TXNID_AT + 8);
    if (head.length < LOCK_TXNID_AT + 8 || head.readUInt32LE() !== LOCK_MAGIC) return;
    if (Number(head.readBigUInt64LE(LOCK_TXNID_AT)) >= this.#last) return;
    const number = Buffer.alloc(8);
    number.writeBigUInt64LE(BigInt(this.#last));
    this.#lock.write(LOCK_TXNID_AT, number);
  }

  #newest(): number {
    return Math.max(this.#numberOf(0), this.#numberOf(this.#pageBytes));
  }

  #numberOf(page: number): number {
    return Number(this.#data.read(page, META_BYTES).readBigUInt64LE(META_TXNID_AT));
  }

  close(): void {
    this.#data.close();
    this.#lock.close();
  }
}
