import { MillraceError } from '../../../runtime/record/error.ts';
import type { CatalogReader, TextRow } from '../catalog/catalog-reader.ts';
import { catalogLocked } from '../catalog/blocker.ts';
import type { Connection } from '../connection.ts';
import { retriesExhausted } from '../retry-limit.ts';
import { postgresError } from '../wire/backend-error.ts';

export interface SideSettings {
  connect(): Promise<Connection>;
  /** Longest wait for a lock; undefined: as the server has it. */
  readonly lockTimeoutMs?: number;
  /** `errors.max.retries`: with 0 a broken connection is not opened again. */
  readonly maxRetries?: number;
}

/**
 * The ordinary connection beside the stream: catalogue, slot figures, heartbeat statements. Opened
 * when first used and again after it broke; one statement at a time.
 */
export class SideConnection implements CatalogReader {
  readonly #settings: SideSettings;
  #connection: Connection | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(settings: SideSettings) {
    this.#settings = settings;
  }

  query(doing: string, text: string, values?: readonly (string | number | boolean | null)[]): Promise<TextRow[]> {
    const run = async (): Promise<TextRow[]> => {
      const reused = this.#connection !== undefined;
      try {
        return await (await this.#open()).query(doing, text, values);
      } catch (error) {
        if (error instanceof MillraceError && error.code === 'POSTGRES_LOCK_TIMEOUT') {
          throw await catalogLocked(await this.#open(), doing, error);
        }
        // A connection that broke while it was idle says nothing about the server.
        if (!reused || this.#connection?.broken === undefined) throw error;
        return (await this.#open()).query(doing, text, values);
      }
    };
    const answer = this.#turn.then(run, run);
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close();
  }

  async #open(): Promise<Connection> {
    if (this.#connection?.broken !== undefined) {
      const { broken } = this.#connection;
      if (this.#settings.maxRetries === 0) {
        throw retriesExhausted(postgresError('on the connection beside the stream', broken), 0);
      }
      this.#connection.destroy();
      this.#connection = undefined;
    }
    if (this.#closed) throw new MillraceError('POSTGRES_CLOSED', 'the connection was closed', { kind: 'closed' });
    this.#connection ??= await this.#connect();
    return this.#connection;
  }

  async #connect(): Promise<Connection> {
    const connection = await this.#settings.connect();
    const { lockTimeoutMs } = this.#settings;
    if (lockTimeoutMs !== undefined) {
      const ms = Math.max(1, Math.round(lockTimeoutMs));
      await connection.query('preparing the connection', `SET lock_timeout = ${ms}`);
    }
    return connection;
  }
}
