import type { FileHandle } from 'node:fs/promises';
import type { Env } from '../../runtime/env/env.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import { readJournal, writeJournal, type Held, type Journal } from './journal.ts';

/**
 * The file that a sink appends to. A write that failed half way is cut off again, so a line is whole
 * or not there.
 *
 * With a journal, the procedure is: sync the file, then write the journal (how long the file is, and
 * up to which record of each partition). Opened again, what lies behind the journal's length is cut
 * off: it was never called durable, and comes again.
 */
export class SinkFile {
  readonly #env: Env;
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #journaled: boolean;
  #length: number;
  #synced = false;
  /** What the file held when it was opened, by its journal. */
  readonly held: ReadonlyMap<string, Held>;
  /** Ids of the last redrive: they may come again after a crash, and are in the file already. */
  #redriven: readonly string[];

  private constructor(
    env: Env,
    path: string,
    handle: FileHandle,
    journal: Journal | null,
    length: number,
    journaled: boolean,
  ) {
    this.#env = env;
    this.#path = path;
    this.#handle = handle;
    this.#journaled = journaled;
    this.#length = length;
    this.held = journal?.held ?? new Map();
    this.#redriven = journal?.redriven ?? [];
  }

  static async open(env: Env, path: string, journaled: boolean): Promise<SinkFile> {
    const handle = await openForAppending(env, path);
    try {
      const journal = journaled ? await readJournal(env, path) : null;
      const { size } = await handle.stat();
      if (journal !== null && size < journal.length) throw shortened(path, size, journal.length);
      if (journal !== null && size > journal.length) await handle.truncate(journal.length);
      return new SinkFile(env, path, handle, journal, journal?.length ?? size, journaled);
    } catch (error) {
      await handle.close();
      throw error;
    }
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

  /** Makes durable what was appended; `held`: up to which record of each partition. */
  async sync(held: ReadonlyMap<string, Held>): Promise<void> {
    if (this.#synced) return;
    try {
      await this.#handle.sync();
      this.#env.crash?.('filestream.after_sync');
      if (this.#journaled)
        await writeJournal(this.#env, this.#path, { length: this.#length, held, redriven: this.#redriven });
      this.#env.crash?.('filestream.after_journal');
    } catch (error) {
      throw unwritable(this.#path, error);
    }
    this.#synced = true;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

async function openForAppending(env: Env, path: string): Promise<FileHandle> {
  try {
    return await env.files.open(path, 'a');
  } catch (error) {
    throw new MillraceError('FILESTREAM_UNWRITABLE', `opening ${path}: ${String(error)}`, {
      kind: 'config',
      key: 'file',
      remedy: 'Set file to one that can be written, in a folder that exists.',
      cause: error,
    });
  }
}

function shortened(path: string, size: number, length: number): MillraceError {
  return new MillraceError('FILESTREAM_FILE_CHANGED', `${path} has ${size} bytes; ${length} were written to it`, {
    kind: 'position',
    remedy: 'Put the file back, or remove its `.offsets` file: what was written before is then not written again.',
  });
}

function unwritable(path: string, error: unknown): MillraceError {
  const isFull = error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
  return new MillraceError('FILESTREAM_WRITE_FAILED', `writing ${path}: ${String(error)}`, {
    kind: isFull ? 'full' : 'unavailable',
    remedy: isFull ? 'Free disk space.' : `See whether ${path} can be written.`,
    cause: error,
  });
}
