import { MillraceError } from '../../../runtime/record/error.ts';
import { loadTables } from '../catalog/table-loader.ts';
import { tableName, type Table } from '../catalog/table.ts';
import { TypeRegistry } from '../catalog/type-registry.ts';
import type { Connection } from '../connection.ts';
import { lockTimeout } from './guard.ts';
import type { CapturedTable } from './initial-snapshot.ts';
import type { SnapshotUpstream } from './upstream.ts';

/** The connection that a snapshot phase asks by, beside those that read: slot, and the captured tables. */
export class SnapshotControl {
  readonly #upstream: SnapshotUpstream;
  readonly #types = new TypeRegistry();
  readonly #rows = new Map<string, CapturedTable>();
  #connection: Connection | undefined;

  constructor(upstream: SnapshotUpstream) {
    this.#upstream = upstream;
  }

  /** Opened when first asked for, and again after it broke. */
  async connection(): Promise<Connection> {
    if (this.#connection === undefined || this.#connection.broken !== undefined) {
      this.#connection = await this.#upstream.connect();
      const ms = Math.max(1, Math.round(this.#upstream.options.lockTimeoutMs));
      await this.#connection.query('preparing the snapshot', `SET lock_timeout = ${ms}`);
    }
    return this.#connection;
  }

  /** The captured tables as the catalog has them now; a table's layouts stay the same while it does. */
  async captured(): Promise<readonly CapturedTable[]> {
    const { rows } = this.#upstream;
    const tables = await this.#load();
    return tables.map((table) => {
      const known = this.#rows.get(tableName(table));
      if (known?.table.oid === table.oid && known.table.fingerprint === table.fingerprint) return known;
      const made = { table, rows: rows.rows(table, 'binary') };
      this.#rows.set(tableName(table), made);
      return made;
    });
  }

  /** Closes the connection. Idempotent. */
  async release(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close();
  }

  async #load(): Promise<readonly Table[]> {
    const { rows, generated } = this.#upstream;
    const connection = await this.connection();
    try {
      return await loadTables(connection, this.#types, { captures: rows.captures, generated });
    } catch (error) {
      // The catalog's functions lock the tables they speak of.
      if (error instanceof MillraceError && error.code === 'POSTGRES_LOCK_TIMEOUT') {
        throw await lockTimeout(connection, error);
      }
      throw error;
    }
  }
}
