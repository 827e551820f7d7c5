import { MillraceError } from '../../../../runtime/record/error.ts';
import { readTable, sameTable } from '../../catalog/catalog.ts';
import { ofTable } from '../../catalog/column-rows.ts';
import type { Table } from '../../catalog/table.ts';
import type { Connection } from '../../connection.ts';
import type { TableRows } from '../../row/table-rows.ts';
import { preparedTransactions } from '../prepared-xa.ts';
import { snapshotFacts } from '../snapshot-reader.ts';
import { hasPrimaryKey } from '../snapshot-tables.ts';
import type { LoopEdges } from './chunk-loop.ts';
import { openChunk } from './chunk-place.ts';
import { ChunkRows, KeyRow } from './chunk-rows.ts';
import { chunkSql, keyColumns, lastKeySql, type KeyTexts } from './key-sql.ts';
import type { Request } from './requests.ts';
import type { Window } from './stream-windows.ts';

/** The server's “Table definition has changed, please retry transaction”. */
const DEFINITION_CHANGED = /\(1412\)$/;

/** Reads chunks of the table that is asked for, and hands each over to the stream. */
export class ChunkReader {
  readonly #edges: Omit<LoopEdges, 'connect'>;
  /** The table as it was read last: layouts stay the same while it does. */
  #rows: TableRows | undefined;
  #limit: number;

  constructor(edges: Omit<LoopEdges, 'connect'>) {
    this.#edges = edges;
    this.#limit = edges.chunkRows;
  }

  /** `emitted`, or why the chunk has to be read again. Throws where the table cannot be read. */
  async chunk(connection: Connection, request: Request, signal: AbortSignal): Promise<string> {
    const { windows, place, requests } = this.#edges;
    const known = await this.#known(connection, request);
    if (known === undefined) return 'emitted';
    const key = keyColumns(known.table).map(({ name }) => name);
    if (requests.current !== request || requests.paused) return 'emitted';
    const window = windows.begin(request.table, key, place());
    if (window === undefined) return 'the stream has not come to a place that is known';
    try {
      // One that is prepared after this comes through the stream while the window is open: its keys are left out.
      const prepared = await preparedTransactions(connection);
      if (prepared !== undefined && prepared.length > 0) return 'XA transactions are prepared and not ended';
      const now = await readTable(connection, known.table.database, known.table.name);
      if (now === undefined || !sameTable(now, known.table)) {
        this.#rows = undefined;
        return 'its definition changed';
      }
      await this.#hold(connection, request, known, window, signal);
      // The stream may need long to come here: the server must not keep old rows for so long.
      await connection.query('ending a chunk', 'ROLLBACK');
      return await settled(window, signal);
    } catch (error) {
      this.#rows = undefined;
      if (error instanceof MillraceError && DEFINITION_CHANGED.test(error.message)) {
        await connection.query('ending a chunk', 'ROLLBACK');
        return 'its definition changed';
      }
      // Its result may be half read.
      connection.destroy();
      throw error;
    } finally {
      windows.cancel('not read');
    }
  }

  /** undefined: there is nothing to read, and the request is done with. */
  async #known(connection: Connection, request: Request): Promise<TableRows | undefined> {
    const { rows, requests, context, progress } = this.#edges;
    const dot = request.table.indexOf('.');
    const [database, name] = [request.table.slice(0, dot), request.table.slice(dot + 1)];
    const last = this.#rows?.table;
    if (this.#rows !== undefined && last?.database === database && last.name === name) return this.#rows;
    const table = await readTable(connection, database, name);
    const problem = table === undefined ? 'there is no such table' : unreadable(table);
    if (table === undefined || problem !== undefined) {
      if (table !== undefined && request.initial === true) throw keyLost(request.table);
      requests.remove(request);
      context.log.warn(`signal ${request.signal} is not carried out for ${request.table}: ${problem}`, {
        signal: request.signal,
      });
      return undefined;
    }
    const row = await connection.one(
      `estimating ${request.table}`,
      `SELECT TABLE_ROWS AS n FROM information_schema.TABLES WHERE ${ofTable(database, name)}`,
    );
    progress.estimate(request.table, Number(row?.['n'] ?? 0));
    this.#limit = request.initial === true ? this.#edges.snapshotChunkRows : this.#edges.chunkRows;
    this.#rows = rows.rows(table, 'text');
    return this.#rows;
  }

  /** Reads the chunk and lets the stream have it. */
  async #hold(
    connection: Connection,
    request: Request,
    { table }: TableRows,
    window: Window,
    signal: AbortSignal,
  ): Promise<void> {
    const { env, pool, lockTimeoutMs, nudge, windows } = this.#edges;
    const rows = this.#rows;
    const layout = rows?.layouts.read ?? null;
    if (rows === undefined || layout === null) {
      throw new MillraceError('MYSQL_SNAPSHOT_SKIPPED', 'skipped.operations has r', {
        kind: 'config',
        key: 'skipped.operations',
      });
    }
    const place = await openChunk(connection, lockTimeoutMs);
    const names = keyColumns(table).map(({ name }) => name);
    const begun = sameNames(request.key, names);
    const after = begun ? request.after : undefined;
    const to = (begun ? request.to : undefined) ?? (await this.#lastKey(connection, table, request, signal));
    const facts = snapshotFacts({ ...place.high, gtids: '', event: 0, transaction: '' }, env);
    const chunk = new ChunkRows(pool.take(), rows, layout, facts, env.clock.nowUs());
    const limit = this.#limit;
    if (to !== undefined) {
      const sql = chunkSql(table, { after, to, rows: limit, filter: request.filter });
      await connection.rows(`reading ${request.table}`, sql, chunk, signal);
    }
    env.crash?.('snapshot.window_read');
    const held = chunk.block.count;
    const last = chunk.last();
    const more = chunk.cut || held >= limit;
    if (chunk.cut) this.#limit = Math.max(1, held);
    window.read({
      block: chunk.block,
      keys: chunk.keys,
      place,
      done: (emitted) => this.#done(request, emitted, more && last !== undefined ? { names, last, to } : undefined),
    });
    if (windows.listening) nudge();
  }

  #done(
    request: Request,
    emitted: number,
    next: { names: readonly string[]; last: KeyTexts; to: KeyTexts | undefined } | undefined,
  ): void {
    const { requests, progress, context } = this.#edges;
    request.rows += emitted;
    request.chunks++;
    progress.chunk(emitted);
    if (next === undefined) {
      requests.remove(request);
      context.log.info(
        `${request.initial === true ? '' : 'incremental '}snapshot of ${request.table} is done: ${request.rows} rows`,
        {
          signal: request.signal,
        },
      );
      return;
    }
    request.key = next.names;
    request.after = next.last;
    if (next.to !== undefined) request.to = next.to;
  }

  async #lastKey(
    connection: Connection,
    table: Table,
    { filter, table: name }: Request,
    signal: AbortSignal,
  ): Promise<KeyTexts | undefined> {
    const sink = new KeyRow(keyColumns(table));
    await connection.rows(`finding the end of ${name}`, lastKeySql(table, filter), sink, signal);
    return sink.keys[0];
  }
}

function unreadable(table: Table): string | undefined {
  return hasPrimaryKey(table) ? undefined : 'it has no primary key, so it cannot be read beside the stream';
}

function keyLost(table: string): MillraceError {
  return new MillraceError(
    'MYSQL_SNAPSHOT_KEY',
    `${table} lost its primary key while its snapshot was interrupted: what is left of it cannot be read beside the stream`,
    { kind: 'position', remedy: 'Stop the connector and delete its offsets to take a new snapshot.' },
  );
}

function sameNames(left: readonly string[] | undefined, right: readonly string[]): boolean {
  return left?.length === right.length && right.every((name, i) => left[i] === name);
}

async function settled({ outcome }: Window, signal: AbortSignal): Promise<string> {
  const stopped = Promise.withResolvers<never>();
  const abort = (): void => stopped.reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([outcome, stopped.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
