import type { Env } from '../env/env.ts';
import { MillraceError } from '../record/error.ts';
import { messageOf } from '../record/thrown.ts';

/** How long what was read counts without another look, in milliseconds. */
const FRESH_MS = 1000;

/**
 * A file whose contents count as they are now: read again when it has changed, looked at once a second at
 * most. Where it cannot be read or parsed, every `get` fails until it can: nothing old is trusted.
 */
export class WatchedFile<T> {
  readonly path: string;
  readonly #env: Env;
  readonly #key: string;
  readonly #parse: (text: string) => T;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #mark = '';
  #current: Promise<T> | null = null;

  /** `key`: the option that names the file. */
  constructor(env: Env, key: string, path: string, parse: (text: string) => T) {
    this.path = path;
    this.#env = env;
    this.#key = key;
    this.#parse = parse;
  }

  /** Throws `SETTINGS_FILE_UNREADABLE`, kind `unavailable`, naming file and option, never its contents (I9). */
  get(): Promise<T> {
    const nowMs = this.#env.clock.monotonicMs();
    if (this.#current === null || nowMs - this.#lookedMs >= FRESH_MS) {
      this.#lookedMs = nowMs;
      this.#current = this.#look(this.#current);
      // Who asks next is told; that nobody asks meanwhile is no fault.
      this.#current.catch(() => {});
    }
    return this.#current;
  }

  async #look(before: Promise<T> | null): Promise<T> {
    try {
      const mark = await fileMark(this.#env, this.path);
      if (before !== null && mark === this.#mark) return await before;
      const text = (await this.#env.files.readFile(this.path)).toString('utf8');
      const parsed = this.#parse(text);
      this.#mark = mark;
      return parsed;
    } catch (error) {
      this.#mark = '';
      throw error instanceof MillraceError && error.code === 'SETTINGS_FILE_UNREADABLE' ? error : this.#failure(error);
    }
  }

  #failure(error: unknown): MillraceError {
    const problem = messageOf(error);
    return new MillraceError('SETTINGS_FILE_UNREADABLE', `${this.#key}: reading ${this.path}: ${problem}`, {
      kind: 'unavailable',
      key: this.#key,
      remedy: `Make ${this.path} a file this worker can read, or change ${this.#key}.`,
      cause: error,
    });
  }
}

/** Differs when the file has been changed or replaced. */
export async function fileMark(env: Env, path: string): Promise<string> {
  const { mtimeNs, ctimeNs, size, ino } = await env.files.stat(path);
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}
