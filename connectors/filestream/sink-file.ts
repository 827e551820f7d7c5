import type { FileHandle } from 'node:fs/promises';
import type { Env } from '../../runtime/env/env.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import { changedFile, changedMeanwhile, openForAppending, shortened, unwritable } from './file-errors.ts';
import { FileTail } from './file-tail.ts';
import { journalPath, readJournal, removeJournal, writeJournal, type Held } from './journal.ts';

const LINE_FEED = 10;

/**
 * The file that a sink appends to. A write that failed half way is cut off again, so a line is whole
 * or not there.
 *
 * With a journal (I2, I3) every byte of a record stands behind a journal that knows of its beginning:
 *
 * 1. A file without a journal keeps what is in it: it is synced, and the journal says that it is this
 *    long and holds no records. Only then may a record be appended.
 * 2. To make records durable: sync the file, see that nobody else has written it, then write the journal
 *    (how long the file is, what it ends with, the record of each partition's last line). Only then may
 *    an offset be committed: so a group is never ahead of the journal by a line.
 * 3. Opened again, the file must be at least as long, and end there with the same bytes. What lies
 *    behind was never called durable and comes again: it is cut off.
 *
 * Without exactly-once there must be no journal: the file grows without it, and a later one would cut off
 * what it does not know of.
 */
export class SinkFile {
  readonly #env: Env;
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #journaled: boolean;
  #length = 0;
  #synced = false;
  #tail = new FileTail();
  #held: ReadonlyMap<string, Held> = new Map();
  /** Ids of the last redrive: they may come again after a crash, and are in the file already. */
  #redriven: readonly string[] = [];
  #cutBytes = 0;

  private constructor(env: Env, path: string, handle: FileHandle, journaled: boolean) {
    this.#env = env;
    this.#path = path;
    this.#handle = handle;
    this.#journaled = journaled;
  }

  static async open(env: Env, path: string, journaled: boolean): Promise<SinkFile> {
    const handle = await openForAppending(env, path);
    const file = new SinkFile(env, path, handle, journaled);
    try {
      if (journaled) await file.#recover();
      else await file.#begin();
      return file;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** What the file held when it was opened, by its journal. */
  get held(): ReadonlyMap<string, Held> {
    return this.#held;
  }

  /** What a crash had left behind the journal's length, and is cut off. */
  get cutBytes(): number {
    return this.#cutBytes;
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.#synced = false;
    try {
      await this.#handle.appendFile(bytes);
    } catch (error) {
      await this.#handle.truncate(this.#length).catch(() => undefined);
      throw unwritable(this.#path, error);
    }
    this.#length += bytes.length;
    this.#tail.append(bytes);
    this.#env.crash?.('filestream.after_append');
  }

  /** Whether the last redrive that the journal knows of wrote it. */
  hasRedriven(id: string): boolean {
    return this.#redriven.includes(id);
  }

  /** Appends and syncs lines of dead letters; with a journal in one step with their ids. */
  async appendRedriven(lines: Uint8Array, ids: readonly string[], held: ReadonlyMap<string, Held>): Promise<void> {
    await this.append(lines);
    this.#redriven = ids;
    await this.sync(held);
  }

  /** Makes durable what was appended; `held`: the record of each partition's last line. */
  async sync(held: ReadonlyMap<string, Held>): Promise<void> {
    if (this.#synced) return;
    try {
      await this.#handle.sync();
    } catch (error) {
      throw unwritable(this.#path, error);
    }
    this.#env.crash?.('filestream.after_sync');
    if (this.#journaled) {
      await this.#isOurs();
      await this.#write(held);
    }
    this.#env.crash?.('filestream.after_journal');
    this.#synced = true;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  async #begin(): Promise<void> {
    try {
      await removeJournal(this.#env, this.#path);
    } catch (error) {
      throw unwritable(journalPath(this.#path), error);
    }
    await this.#endLine();
  }

  /** Ends what a crash, or whoever wrote before, left of a line: records begin lines of their own. */
  async #endLine(): Promise<void> {
    const { size } = await this.#handle.stat();
    this.#length = size;
    if (size === 0) return;
    const last = await this.#read(size - 1, 1);
    if (last !== null && last[0] !== LINE_FEED) await this.append(Buffer.of(LINE_FEED));
  }

  async #recover(): Promise<void> {
    const journal = await readJournal(this.#env, this.#path);
    if (journal === null) {
      await this.#endLine();
      const bytes = FileTail.bytesOf(this.#length);
      this.#tail = new FileTail((await this.#read(this.#length - bytes, bytes)) ?? undefined);
      this.#env.crash?.('filestream.before_journal');
      return this.sync(new Map());
    }
    const { length, tail, held, redriven } = journal;
    const { size } = await this.#handle.stat();
    if (size < length) throw shortened(this.#path, size, length);
    const bytes = tail?.bytes ?? FileTail.bytesOf(length);
    this.#tail = new FileTail((await this.#read(length - bytes, bytes)) ?? undefined);
    if (tail !== null && this.#tail.mark.crc !== tail.crc) throw changedFile(this.#path, length);
    if (size > length) await this.#handle.truncate(length);
    this.#cutBytes = size - length;
    this.#length = length;
    this.#held = held;
    this.#redriven = redriven;
  }

  /** null: it cannot be read back. */
  async #read(at: number, bytes: number): Promise<Buffer | null> {
    if (bytes === 0) return Buffer.alloc(0);
    if (!(await this.#handle.stat()).isFile()) return null;
    let reader: FileHandle;
    try {
      reader = await this.#env.files.open(this.#path, 'r');
    } catch (error) {
      if (this.#journaled) throw unwritable(this.#path, error);
      return null;
    }
    try {
      const buffer = Buffer.alloc(bytes);
      const { bytesRead } = await reader.read(buffer, 0, bytes, at);
      return buffer.subarray(0, bytesRead);
    } finally {
      await reader.close();
    }
  }

  /** Before what was written is called durable: it is in the file of that name, and nothing else is. */
  async #isOurs(): Promise<void> {
    const mine = await this.#handle.stat({ bigint: true });
    const named = await this.#env.files.stat(this.#path).catch(() => null);
    if (named?.ino !== mine.ino || named.dev !== mine.dev) throw changedMeanwhile(this.#path, 'moved away or removed');
    if (mine.size !== BigInt(this.#length)) {
      throw changedMeanwhile(this.#path, `written by somebody else: ${mine.size} bytes instead of ${this.#length}`);
    }
  }

  async #write(held: ReadonlyMap<string, Held>): Promise<void> {
    const journal = { length: this.#length, tail: this.#tail.mark, held, redriven: this.#redriven };
    try {
      await writeJournal(this.#env, this.#path, journal);
    } catch (error) {
      throw error instanceof MillraceError ? error : unwritable(this.#path, error);
    }
  }
}
