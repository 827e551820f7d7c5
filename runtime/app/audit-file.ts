import type { Log } from '../connector/context.ts';
import type { Env } from '../env/env.ts';
import { MillraceError } from '../record/error.ts';
import { messageOf } from '../record/thrown.ts';

/**
 * Lines of JSON appended to a file, in order. Opened for each batch of lines: whoever rotates the file has to
 * tell nobody. A line that cannot be written is logged instead.
 */
export class AuditFile {
  readonly #env: Env;
  readonly #path: string;
  readonly #log: Log;
  #waiting: object[] = [];
  #writing = false;

  private constructor(env: Env, path: string, log: Log) {
    this.#env = env;
    this.#path = path;
    this.#log = log;
  }

  /** Throws a `config` error where the file cannot be written. */
  static async open(env: Env, path: string, log: Log): Promise<AuditFile> {
    const file = new AuditFile(env, path, log);
    try {
      await file.#append('');
    } catch (error) {
      const problem = messageOf(error);
      throw new MillraceError('AUDIT_UNWRITABLE', `millrace.audit.file: opening ${path}: ${problem}`, {
        kind: 'config',
        key: 'millrace.audit.file',
        remedy: 'Name a file this worker can write.',
        cause: error,
      });
    }
    return file;
  }

  write(event: object): void {
    this.#waiting.push(event);
    if (!this.#writing) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const events = this.#waiting;
      this.#waiting = [];
      try {
        await this.#append(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
      } catch (error) {
        for (const event of events)
          this.#log.error('writing the audit file failed', { channel: 'audit', event, error });
      }
    }
    this.#writing = false;
  }

  async #append(text: string): Promise<void> {
    const handle = await this.#env.files.open(this.#path, 'a', 0o600);
    try {
      await handle.appendFile(text);
    } finally {
      await handle.close();
    }
  }
}
