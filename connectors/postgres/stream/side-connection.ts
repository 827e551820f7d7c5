import type { Env } from '../../../runtime/env/env.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { CatalogReader, TextRow } from '../catalog/catalog-reader.ts';
import { openConnection, type Connection, type ConnectionSettings } from '../connection.ts';

/**
 * The ordinary connection beside the stream: catalogue, slot figures, heartbeat statements. Opened
 * when first used and again after it broke; one statement at a time.
 */
export class SideConnection implements CatalogReader {
  readonly #settings: ConnectionSettings;
  readonly #env: Env;
  #connection: Connection | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(settings: ConnectionSettings, env: Env) {
    this.#settings = settings;
    this.#env = env;
  }

  query(doing: string, text: string, values?: readonly (string | number | boolean | null)[]): Promise<TextRow[]> {
    const run = async (): Promise<TextRow[]> => {
      const reused = this.#connection !== undefined;
      try {
        return await (await this.#open()).query(doing, text, values);
      } catch (error) {
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
      this.#connection.destroy();
      this.#connection = undefined;
    }
    if (this.#closed) throw new MillraceError('POSTGRES_CLOSED', 'the connection was closed', { kind: 'closed' });
    this.#connection ??= await openConnection(this.#settings, this.#env);
    return this.#connection;
  }
}
