import { BatchQueue } from '../../../runtime/change/batch-queue.ts';
import { BlockPool } from '../../../runtime/change/block-pool.ts';
import { Waiters } from '../../../runtime/change/waiters.ts';
import type { TaskContext } from '../../../runtime/connector/context.ts';
import type { Progress, SourceBatch } from '../../../runtime/connector/source.ts';
import type { Env } from '../../../runtime/env/env.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { RowBlock } from '../../../runtime/record/row-block.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';
import { readTable, readTableNames } from '../catalog/catalog.ts';
import { tableName, type Table } from '../catalog/table.ts';
import type { Connection } from '../connection.ts';
import { StreamPosition, type StreamPlace } from '../offset.ts';
import type { RowFactory } from '../row/table-rows.ts';
import { MetaCells, type EventFacts } from '../stream/meta-cells.ts';
import type { SchemaHistory } from '../schema/history/schema-history.ts';
import type { SchemaChanges } from '../schema/schema-changes.ts';
import { mysqlError } from '../wire/server-error.ts';
import { openConsistentPoint, type ConsistentPoint } from './consistent-point.ts';
import type { SnapshotSettings } from './snapshot-settings.ts';
import { SnapshotState, type OpenSnapshot } from './snapshot-state.ts';
import { boundarySql, isDivisible, selectSql, type Chunk } from './table-select.ts';
import { TextRows } from './text-rows.ts';

export interface SnapshotEdges {
  readonly env: Env;
  readonly context: TaskContext;
  readonly rows: RowFactory;
  readonly partition: JsonObject;
  /** `@@server_uuid` */
  readonly server: string;
  open(): Promise<Connection>;
  /** Records of the tables' definitions, before their rows; absent: none are wanted. */
  readonly schema?: SchemaChanges;
  /** Structures of the tables at the snapshot's place, durable before anything else is; absent: the binlog has them. */
  readonly history?: Pick<SchemaHistory, 'begin'>;
  /** Partition of the snapshot's own offset. */
  readonly statePartition: JsonObject;
  /** An earlier attempt that was interrupted: its tables are not read again, its place stays the stream's. */
  readonly resume?: OpenSnapshot;
}

interface Work {
  readonly table: Table;
  readonly chunk: Chunk;
  /** The first chunk of its table. */
  readonly opens: boolean;
  readonly closes: boolean;
}

/**
 * All captured tables as they were at one place, as `op: r`. The last batch carries the place that the stream
 * goes on from; no stream record goes out before. After an interruption the tables that are not done are read at
 * a later place, but the stream still begins at the first one: a row that went out and was deleted since is
 * deleted in the stream too. So those tables' changes from between are repeated after their rows (at least once).
 */
export class SnapshotReader {
  readonly #settings: SnapshotSettings;
  readonly #edges: SnapshotEdges;
  readonly #queue = new BatchQueue();
  /** Readers that wait for room in the queue (I7). */
  readonly #room = new Waiters();
  readonly #stop = new AbortController();
  readonly #pool: BlockPool;
  #point: ConsistentPoint | undefined;
  #running: Promise<void> | undefined;
  #done = false;
  readonly #begun = Promise.withResolvers<void>();
  readonly #doneTables: Set<string>;
  /** Chunks that are still to be read, by table. */
  readonly #openChunks = new Map<string, number>();

  constructor(settings: SnapshotSettings, edges: SnapshotEdges) {
    this.#settings = settings;
    this.#edges = edges;
    this.#pool = new BlockPool(settings.readers * 3);
    this.#doneTables = new Set(edges.resume?.done);
  }

  /** Where the stream begins; known after {@link open}. */
  get place(): StreamPosition['place'] | undefined {
    return this.#edges.resume?.place ?? this.#point?.place;
  }

  async open(signal: AbortSignal): Promise<void> {
    const { env, context } = this.#edges;
    if (this.#settings.delayMs > 0) await env.timers.sleep(this.#settings.delayMs, signal);
    context.stage('fixing the place of the snapshot');
    this.#point = await openConsistentPoint(this.#settings, context, () => this.#edges.open());
    this.#running = this.#run(this.#point);
  }

  /** null: the snapshot is done. */
  async read(signal: AbortSignal): Promise<SourceBatch | null> {
    for (;;) {
      const batch = this.#queue.shift();
      if (batch !== undefined) {
        this.#room.wake();
        return batch;
      }
      if (this.#done) return null;
      await this.#queue.wait(signal);
    }
  }

  /** The snapshot's own offset is durable: rows may go out. */
  committed(): void {
    this.#begun.resolve();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#begun.resolve();
    this.#stop.abort(new MillraceError('MYSQL_SNAPSHOT_CLOSED', 'the snapshot was closed', { kind: 'closed' }));
    for (const reader of this.#point?.readers ?? []) reader.destroy();
    await this.#running;
    await this.#point?.release();
  }

  async #run(point: ConsistentPoint): Promise<void> {
    try {
      if (this.#edges.resume === undefined) await this.#beginHistory(point);
      // Durable before the first row: see SnapshotState (I1).
      this.#queue.push({ records: [], progress: [this.#state(point, false)] });
      await this.#begun.promise;
      const tables = await this.#tables(point);
      await this.#definitions(point, tables);
      const work = await this.#plan(point, tables);
      const makers = await this.#readAll(point, work);
      await this.#finish(point, makers);
      this.#done = true;
      this.#queue.wake();
    } catch (error) {
      this.#queue.fail(mysqlError('reading the snapshot', error));
    } finally {
      for (const reader of point.readers) reader.destroy();
      await point.release();
    }
  }

  async #beginHistory({ place, readers }: ConsistentPoint): Promise<void> {
    const { history, rows } = this.#edges;
    const [reader] = readers;
    if (history === undefined || reader === undefined) return;
    const names = await readTableNames(reader);
    await history.begin(
      place,
      names.filter(({ database, name }) => rows.captures(database, name)),
    );
  }

  async #tables({ readers }: ConsistentPoint): Promise<readonly Table[]> {
    const { rows, context } = this.#edges;
    const [reader] = readers;
    if (reader === undefined) return [];
    const tables: Table[] = [];
    for (const { database, name } of await readTableNames(reader)) {
      if (!rows.captures(database, name)) continue;
      const table = await readTable(reader, database, name);
      if (table !== undefined) tables.push(table);
    }
    const none = 'the include and exclude lists match no table of this server';
    context.warning('MYSQL_NO_TABLES', tables.length > 0 ? null : none);
    return tables;
  }

  async #definitions(point: ConsistentPoint, tables: readonly Table[]): Promise<void> {
    const { schema, env } = this.#edges;
    const [reader] = point.readers;
    if (schema === undefined || reader === undefined || tables.length === 0) return;
    const block = this.#pool.take();
    const meta = new MetaCells();
    meta.clock(env.clock.nowUs());
    meta.event({ ...snapshotFacts(point.place, env), snapshot: 'true' });
    await schema.snapshot(reader, tables, { block, meta });
    await this.#push(block);
  }

  async #plan({ readers }: ConsistentPoint, tables: readonly Table[]): Promise<Work[]> {
    const work: Work[] = [];
    const [reader] = readers;
    for (const table of tables) {
      const name = tableName(table);
      if (!this.#settings.includes(name) || this.#doneTables.has(name)) continue;
      const whole = readers.length === 1 || !isDivisible(table) || this.#settings.overrides.has(name);
      const chunks = whole || reader === undefined ? [{ from: null, to: null }] : await this.#chunks(reader, table);
      this.#openChunks.set(name, chunks.length);
      for (const [i, chunk] of chunks.entries()) {
        work.push({ table, chunk, opens: i === 0, closes: chunks.length === 1 });
      }
    }
    return work;
  }

  /** Whole numbers, found one after the other along the key. */
  async #chunks(reader: Connection, table: Table): Promise<Chunk[]> {
    const chunks: Chunk[] = [];
    let from: string | null = null;
    for (;;) {
      const sql = boundarySql(table, from, this.#settings.chunkRows);
      const row = await reader.one(`dividing ${tableName(table)}`, sql);
      const next: string | null = row?.['b'] ?? null;
      // Rows of one value cannot be divided: the chunk takes in the rest.
      if (next === null || next === from) break;
      chunks.push({ from, to: next });
      from = next;
    }
    chunks.push({ from, to: null });
    return chunks;
  }

  async #readAll(point: ConsistentPoint, work: Work[]): Promise<TextRows[]> {
    const { env, context } = this.#edges;
    const facts = snapshotFacts(point.place, env);
    const total = work.length;
    let first = true;
    const readers = point.readers.map(async (reader) => {
      const maker = new TextRows(
        this.#pool,
        facts,
        (block) => this.#push(block),
        () => env.clock.nowUs(),
      );
      for (let next = work.shift(); next !== undefined; next = work.shift()) {
        context.stage(`snapshot of ${tableName(next.table)}, ${total - work.length} of ${total}`);
        const opens = first ? 'first' : 'first_in_data_collection';
        maker.table(this.#edges.rows.rows(next.table, 'text'), next.opens ? opens : undefined);
        const sql = this.#settings.overrides.get(tableName(next.table)) ?? selectSql(next.table, next.chunk);
        await reader.rows(`reading ${tableName(next.table)}`, sql, maker, this.#stop.signal);
        if (maker.rows > 0) first = false;
        if (next.closes) maker.tableEnd();
        // The last rows of all stay at hand, to be marked as such.
        if (work.length > 0) {
          await maker.room();
          this.#chunkDone(point, tableName(next.table));
        }
      }
      return maker;
    });
    try {
      return await Promise.all(readers);
    } catch (error) {
      this.#stop.abort(error);
      await Promise.allSettled(readers);
      throw error;
    }
  }

  /** All rows of a chunk are in the queue. */
  #chunkDone(point: ConsistentPoint, name: string): void {
    const left = (this.#openChunks.get(name) ?? 1) - 1;
    this.#openChunks.set(name, left);
    if (left > 0) return;
    this.#doneTables.add(name);
    this.#queue.push({ records: [], progress: [this.#state(point, false)] });
  }

  #state(point: ConsistentPoint, complete: boolean): Progress {
    const { server, statePartition, resume } = this.#edges;
    const place = resume?.place ?? point.place;
    return {
      partition: statePartition,
      position: new SnapshotState(place, resume?.server ?? server, [...this.#doneTables], complete),
    };
  }

  /** The blocks that are left, the last of them with the place of the stream. */
  async #finish(point: ConsistentPoint, makers: readonly TextRows[]): Promise<void> {
    const { env, partition, server } = this.#edges;
    const left = makers.map((maker, i) => maker.finish(i === makers.length - 1)).filter(({ count }) => count > 0);
    const final = left.pop();
    for (const block of left) await this.#push(block);
    const seconds = Math.floor(env.clock.nowMs() / 1000);
    const place = this.place ?? point.place;
    const stream = { partition, position: new StreamPosition(place, server, { seconds, serverId: 0 }) };
    const progress = [stream, this.#state(point, true)];
    this.#queue.push({ records: final ?? [], progress });
  }

  async #push(block: RowBlock): Promise<void> {
    while (this.#queue.length >= this.#settings.readers * 2) await this.#room.wait(this.#stop.signal);
    this.#stop.signal.throwIfAborted();
    this.#queue.push({ records: block, release: () => this.#pool.give(block) });
  }
}

export function snapshotFacts(place: StreamPlace, env: Env): EventFacts {
  return {
    sourceUs: String(env.clock.nowUs()),
    serverId: '0',
    gtid: null,
    file: place.file,
    pos: String(place.position),
    thread: null,
    query: null,
    transactionId: null,
  };
}
