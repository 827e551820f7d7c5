import { BlockPool } from '../../../runtime/change/block-pool.ts';
import type { TaskContext } from '../../../runtime/connector/context.ts';
import type { SourceBatch } from '../../../runtime/connector/source.ts';
import type { Env } from '../../../runtime/env/env.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';
import type { RowBlock } from '../../../runtime/record/row-block.ts';
import { readCapturedNames } from '../catalog/catalog.ts';
import { tableName, type Table } from '../catalog/table.ts';
import type { Connection } from '../connection.ts';
import type { StreamPlace } from '../offset.ts';
import type { RowFactory } from '../row/table-rows.ts';
import type { SchemaHistory } from '../schema/history/schema-history.ts';
import type { SchemaChanges } from '../schema/schema-changes.ts';
import { MetaCells, type EventFacts } from '../stream/meta-cells.ts';
import { mysqlError } from '../wire/server-error.ts';
import { awaitTables, noTables } from './await-tables.ts';
import { openConsistentPoint, type ConsistentPoint } from './consistent-point.ts';
import { PlanProgress } from './plan-progress.ts';
import { LaterReads, type ReadPlace } from './read-places.ts';
import { ReadPlan, type Part } from './read-plan.ts';
import { SnapshotOut } from './snapshot-out.ts';
import type { SnapshotSettings } from './snapshot-settings.ts';
import type { OpenSnapshot } from './state.ts';
import { readWork } from './snapshot-tables.ts';
import { selectSql } from './table-select.ts';
import { TextRows } from './text-rows.ts';
import { rangeSql } from './window/key-sql.ts';

export interface SnapshotEdges {
  readonly env: Env;
  readonly context: TaskContext;
  readonly rows: RowFactory;
  readonly partition: JsonObject;
  /** `topic.prefix` */
  readonly prefix: string;
  /** `@@server_uuid` */
  readonly server: string;
  open(): Promise<Connection>;
  /** Records of the tables' definitions, before their rows; absent: none are wanted. */
  readonly schema?: SchemaChanges;
  /** Structures of the tables at the snapshot's place, durable before anything else is; absent: the binlog has them. */
  readonly history?: Pick<SchemaHistory, 'begin'>;
  /** An earlier attempt that was interrupted: what is done is not read again, its place stays the stream's. */
  readonly resume?: OpenSnapshot;
  /** Tables that are read beside the stream instead, and what its offset has to keep of that. */
  readonly beside?: { readonly tables: ReadonlySet<string>; readonly notes: JsonObject | undefined };
}

/**
 * All captured tables as they were at one place, as `op: r`. The last batch carries the place that the stream
 * goes on from; no stream record goes out before. After an interruption what was not done is read at a later place,
 * but the stream still begins at the first one: a row that went out and was deleted since is deleted in the stream
 * too. Tables with a key are read beside the stream instead, where the server allows that (`resume.ts`). Of tables whose
 * records have no key the stream leaves out what lies between the two places (`read-places.ts`); of others it is repeated
 * after the rows (at least once).
 */
export class SnapshotReader {
  readonly #settings: SnapshotSettings;
  readonly #edges: SnapshotEdges;
  readonly #stop = new AbortController();
  readonly #pool: BlockPool;
  #point: ConsistentPoint | undefined;
  #out: SnapshotOut | undefined;
  #running: Promise<void> | undefined;

  constructor(settings: SnapshotSettings, edges: SnapshotEdges) {
    this.#settings = settings;
    this.#edges = edges;
    this.#pool = new BlockPool(settings.readers * 3);
  }

  /** Where the stream begins; known after {@link open}. */
  get place(): StreamPlace | undefined {
    return this.#out?.place;
  }

  /** Tables that were read at later places. */
  get later(): readonly ReadPlace[] {
    return this.#out?.later ?? [];
  }

  async open(signal: AbortSignal): Promise<void> {
    const { env, context, resume, partition, prefix, server, beside } = this.#edges;
    if (this.#settings.delayMs > 0) await env.timers.sleep(this.#settings.delayMs, signal);
    if (resume === undefined) await awaitTables(this.#edges, signal);
    context.stage('fixing the place of the snapshot');
    this.#point = await openConsistentPoint(this.#settings, {
      context,
      env,
      signal,
      streamBefore: resume !== undefined,
      open: () => this.#edges.open(),
    });
    this.#out = new SnapshotOut(
      {
        env,
        pool: this.#pool,
        bound: this.#settings.readers * 2,
        partition,
        prefix,
        place: resume?.place ?? this.#point.place,
        server,
        placeServer: resume?.server ?? server,
        id: resume === undefined || resume.id === '' ? env.random.uuid() : resume.id,
        notes: beside?.notes,
        ...(resume === undefined ? {} : { later: this.#later(resume, this.#point) }),
      },
      resume?.done ?? new Set(),
    );
    this.#running = this.#run(this.#point, this.#out);
  }

  /** null: the snapshot is done. */
  async read(signal: AbortSignal): Promise<SourceBatch | null> {
    return this.#out === undefined ? null : this.#out.read(signal);
  }

  /** The snapshot's own offset is durable: rows may go out. */
  committed(): void {
    this.#out?.begun();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#out?.begun();
    this.#stop.abort(new MillraceError('MYSQL_SNAPSHOT_CLOSED', 'the snapshot was closed', { kind: 'closed' }));
    for (const reader of this.#point?.readers ?? []) reader.destroy();
    await this.#running;
    await this.#point?.release();
  }

  #later({ later }: OpenSnapshot, { place, prepared }: ConsistentPoint): LaterReads {
    const { rows, server } = this.#edges;
    const { overrides } = this.#settings;
    // Rows that a SELECT leaves out, and reads that make no record, are in the stream only.
    const whole = (table: Table): boolean => !overrides.has(tableName(table)) && !rows.options.skipped.has('r');
    return new LaterReads(
      later,
      { ...place, server, prepared },
      (table) => whole(table) && rows.rows(table, 'text').key.length === 0,
    );
  }

  async #run(point: ConsistentPoint, out: SnapshotOut): Promise<void> {
    try {
      if (this.#edges.resume === undefined) await this.#beginHistory(point);
      await out.begin(this.#stop.signal);
      const { rows, resume, beside, context } = this.#edges;
      const [reader] = point.readers;
      const { tables, works } =
        reader === undefined
          ? { tables: [], works: [] }
          : await readWork(reader, rows, this.#settings, resume, beside?.tables);
      context.warning('MYSQL_NO_TABLES', tables.length > 0 ? null : noTables(rows));
      if (reader !== undefined) await this.#definitions(reader, tables, out);
      await this.#readAll(point, new ReadPlan(works, this.#settings.chunkRows), out);
      await out.finish();
    } catch (error) {
      out.fail(mysqlError('reading the snapshot', error));
    } finally {
      for (const reader of point.readers) reader.destroy();
      await point.release();
    }
  }

  async #beginHistory({ place, readers }: ConsistentPoint): Promise<void> {
    const { history, rows } = this.#edges;
    const [reader] = readers;
    if (history === undefined || reader === undefined) return;
    await history.begin(place, await readCapturedNames(reader, rows.captures));
  }

  async #definitions(reader: Connection, tables: readonly Table[], out: SnapshotOut): Promise<void> {
    const { schema, env } = this.#edges;
    if (schema === undefined || tables.length === 0) return;
    const block = this.#pool.take();
    await addDefinitions(schema, reader, tables, { block, place: out.place, env });
    await out.definitions(block);
  }

  async #readAll(point: ConsistentPoint, plan: ReadPlan, out: SnapshotOut): Promise<void> {
    const { env, context } = this.#edges;
    const progress = new PlanProgress(plan, context, env.clock);
    const reading = point.readers.map((reader) => this.#read(reader, point.place, plan, out, progress));
    try {
      await Promise.all(reading);
    } catch (error) {
      this.#stop.abort(error);
      await Promise.allSettled(reading);
      throw error;
    }
    progress.end();
  }

  async #read(
    reader: Connection,
    place: StreamPlace,
    plan: ReadPlan,
    out: SnapshotOut,
    progress: PlanProgress,
  ): Promise<void> {
    const { env, rows } = this.#edges;
    const { signal } = this.#stop;
    let part: Part | undefined;
    const maker = new TextRows(
      this.#pool,
      snapshotFacts(place, env),
      async (made) => {
        progress.rows(made.block.count);
        if (part !== undefined) await out.rows(part.work, made);
      },
      () => env.clock.nowUs(),
    );
    while ((part = await plan.next(reader, signal)) !== undefined) {
      const { work, range } = part;
      progress.stage(`snapshot of ${tableName(work.table)}`);
      maker.table(rows.rows(work.table, 'text'));
      await reader.rows(`reading ${tableName(work.table)}`, this.#sql(part), maker, signal);
      const last = maker.rows > 0 ? maker.take() : undefined;
      const done = out.chunk(work, range, last);
      progress.chunk(last?.block.count ?? 0);
      await done;
      env.crash?.('snapshot.chunk_read');
    }
  }

  #sql({ work, range }: Part): string {
    const { table } = work;
    const override = this.#settings.overrides.get(tableName(table));
    return override ?? (work.divisible ? rangeSql(table, range) : selectSql(table));
  }
}

/** Records of the tables' definitions, as part of a snapshot. */
export async function addDefinitions(
  schema: SchemaChanges,
  reader: Connection,
  tables: readonly Table[],
  { block, place, env }: { block: RowBlock; place: StreamPlace; env: Env },
): Promise<void> {
  const meta = new MetaCells();
  meta.clock(env.clock.nowUs());
  meta.event({ ...snapshotFacts(place, env), snapshot: 'true' });
  await schema.snapshot(reader, tables, { block, meta });
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
