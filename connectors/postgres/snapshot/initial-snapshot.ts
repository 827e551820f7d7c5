import type { Progress, SourceBatch } from '../../../runtime/connector/source.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { Table } from '../catalog/table.ts';
import type { Connection } from '../connection.ts';
import type { TableRows } from '../row/table-rows.ts';
import { createSlot } from '../slot/slot.ts';
import { parseLsn } from '../wire/lsn.ts';
import { ChunkReaders, type ChunkJob } from './chunk-readers.ts';
import { exportSnapshot, importSnapshot, lockTables, prepareReader, type TakenSnapshot } from './guard.ts';
import { ReadBatches } from './read-batches.ts';
import { readMeta, type ReadOrigin } from './read-meta.ts';
import { ReadProgress } from '../../../runtime/change/read-progress.ts';
import { planTable, selectTable, type TableWork } from './snapshot-plan.ts';
import {
  noProgress,
  planProgress,
  tablePlanProgress,
  tableProgress,
  type PlanState,
  type TableProgress,
} from './state.ts';
import type { SnapshotUpstream } from './upstream.ts';
import { readVisibility } from './visibility.ts';

const ATTEMPTS = 5;

/** A captured table and how its rows become records. */
export interface CapturedTable {
  readonly table: Table;
  readonly rows: TableRows;
}

/** Reads the captured tables from the catalog, as they are now. */
export type LoadTables = () => Promise<readonly CapturedTable[]>;

/**
 * Tables read at one database snapshot (`docs/decisions/20261125-postgres-snapshot.md`, 1 to 5).
 *
 * Procedure: {@link withSlot} or {@link withoutSlot}, which lock, create the slot or take a snapshot of
 * their own, and plan; {@link plan} goes into a batch before the first of {@link next};
 * {@link close} at the end, whatever happened.
 */
export class InitialSnapshot {
  readonly #upstream: SnapshotUpstream;
  readonly #id: string;
  readonly #connections: Connection[] = [];
  #works: readonly TableWork[] = [];
  #plan: PlanState | undefined;
  #readers: ChunkReaders | undefined;
  #batches: ReadBatches | undefined;
  #progress: ReadProgress | undefined;
  #finished: Partial<TableProgress> = {};

  constructor(upstream: SnapshotUpstream, id: string) {
    this.#upstream = upstream;
    this.#id = id;
  }

  /**
   * Locks the tables, creates the slot and plans at its snapshot S0. Every reader holds the locks
   * before the slot exists.
   */
  async withSlot(load: LoadTables): Promise<void> {
    const { slot, identity, env } = this.#upstream;
    const tables = await this.#lock(load, () => true);
    const replication = await this.#upstream.connect({ replication: true, unlimited: true });
    try {
      env.crash?.('snapshot.before_slot');
      const { consistentLsn, snapshotName } = await createSlot(replication, slot.name, {
        failover: slot.failover,
        snapshot: 'export',
      });
      env.crash?.('snapshot.after_slot');
      // Before the connection's next command, which would end the exported snapshot.
      for (const connection of this.#connections) await importSnapshot(connection, snapshotName ?? '');
      this.#plan = { id: this.#id, phase: 'planned', slot: slot.name, lsn: consistentLsn, ...identity };
      const taken = await exportSnapshot(this.#holder());
      await this.#prepare(tables, taken, consistentLsn, {});
      env.crash?.('snapshot.after_plan');
    } finally {
      await replication.close();
    }
  }

  /**
   * Locks the tables that `wanted` names and plans at a snapshot S1 of their own, later than the
   * stream's start. Their progress says which transactions are visible in it.
   */
  async withoutSlot(load: LoadTables, wanted: (table: Table) => boolean): Promise<void> {
    const tables = await this.#lock(load, wanted);
    const taken = await exportSnapshot(this.#holder());
    for (const connection of this.#connections.slice(1)) await importSnapshot(connection, taken.exported);
    const untilLsn = parseLsn(taken.lsn) ?? 0n;
    await this.#prepare(tables, taken, untilLsn, { visible: taken.visible, untilLsn });
  }

  /** The plan as offsets: durable before, or with, the first rows. */
  plan(): readonly Progress[] {
    const { server } = this.#upstream;
    const tables = this.#works.flatMap(({ plan, chunks }) => {
      const written = tablePlanProgress(server, plan);
      if (chunks.length > 0) return [written];
      // A partitioned table without partitions.
      return [written, tableProgress(server, plan.table, { ...noProgress(plan.plan), finished: true })];
    });
    return this.#plan === undefined ? tables : [planProgress(server, this.#plan), ...tables];
  }

  get works(): readonly TableWork[] {
    return this.#works;
  }

  /** What the progress of a table that is complete says beside that. */
  get finished(): Partial<TableProgress> {
    return this.#finished;
  }

  /** Consistent point of the slot that was created; 0n: none was. */
  get lsn(): bigint {
    return this.#plan?.lsn ?? 0n;
  }

  /** The next rows; null: all tables are read. */
  async next(signal: AbortSignal): Promise<SourceBatch | null> {
    const batch = (await this.#batches?.next(signal)) ?? null;
    this.#progress?.show(this.#upstream.env.clock.monotonicMs());
    if (batch === null) await this.close();
    else this.#upstream.env.crash?.('snapshot.batch');
    return batch;
  }

  /** Idempotent. Ends the locks. */
  async close(): Promise<void> {
    this.#readers?.fail(new MillraceError('POSTGRES_SNAPSHOT_CLOSED', 'the snapshot was closed', { kind: 'closed' }));
    const connections = this.#connections.splice(0);
    await Promise.all(connections.map((connection) => connection.close()));
    this.#progress?.clear();
  }

  #holder(): Connection {
    const [holder] = this.#connections;
    if (holder === undefined) throw new RangeError('no reader');
    return holder;
  }

  /** Opens the readers and locks with each; tables that changed before they were locked are read anew. */
  async #lock(load: LoadTables, wanted: (table: Table) => boolean): Promise<readonly CapturedTable[]> {
    const { options } = this.#upstream;
    for (let attempt = 1; ; attempt++) {
      const tables = (await load()).filter(({ table }) => wanted(table));
      try {
        await this.#lockAll(tables, options.lockTimeoutMs);
        const now = new Map((await load()).map(({ table }) => [table.oid, table.fingerprint]));
        if (tables.every(({ table }) => now.get(table.oid) === table.fingerprint)) return tables;
      } catch (error) {
        const gone = error instanceof MillraceError && error.code === 'POSTGRES_SNAPSHOT_TABLE_GONE';
        if (!gone || attempt === ATTEMPTS) throw error;
      }
      await Promise.all(this.#connections.splice(0).map((connection) => connection.close()));
      if (attempt === ATTEMPTS) {
        throw new MillraceError(
          'POSTGRES_SNAPSHOT_TABLES_CHANGING',
          'tables changed each time they were about to be locked',
          {
            kind: 'busy',
            remedy: 'Start the connector again when no schema changes run.',
          },
        );
      }
    }
  }

  async #lockAll(tables: readonly CapturedTable[], timeoutMs: number): Promise<void> {
    const { options } = this.#upstream;
    for (let i = 0; i < Math.max(1, options.readers); i++) {
      const connection = await this.#upstream.connect({ unlimited: true });
      this.#connections.push(connection);
      await prepareReader(connection);
      await lockTables(
        connection,
        tables.map(({ table }) => table),
        timeoutMs,
      );
    }
  }

  async #prepare(
    tables: readonly CapturedTable[],
    taken: TakenSnapshot,
    lsn: bigint,
    finished: Partial<TableProgress>,
  ): Promise<void> {
    const { env, server } = this.#upstream;
    this.#finished = finished;
    const { works, jobs } = await this.#planTables(tables);
    this.#works = works;
    const origin: ReadOrigin = {
      lsn,
      sequence: `[null,"${lsn}"]`,
      // As Debezium's `txId` shows it.
      xid: String(readVisibility(taken.visible).xmax),
      sourceUs: taken.timeUs,
    };
    const progress = this.#begin(works, jobs.length);
    this.#progress = progress;
    const readers = new ChunkReaders({
      connections: this.#connections,
      jobs,
      meta: () => readMeta(origin, 'true', env.clock.nowUs()),
    });
    this.#readers = readers;
    this.#batches = new ReadBatches(readers, {
      server,
      before: new Map(works.map(({ plan }) => [plan.table, noProgress(plan.plan)])),
      chunks: new Map(works.map(({ plan, chunks }) => [plan.table, chunks.length])),
      finished,
      taken: ({ job, block, last }) => {
        progress.stage(`snapshot of ${job.work.plan.table}`);
        progress.rows(block.count);
        if (last) progress.chunk();
      },
    });
  }

  async #planTables(
    tables: readonly CapturedTable[],
  ): Promise<{ works: readonly TableWork[]; jobs: readonly ChunkJob[] }> {
    const { options, published } = this.#upstream;
    const holder = this.#holder();
    const works: TableWork[] = [];
    const jobs: ChunkJob[] = [];
    for (const { table, rows } of tables) {
      const work = await planTable(holder, selectTable(table, rows.wanted, options), {
        id: this.#id,
        readers: this.#connections.length,
        chunkBytes: options.chunkBytes,
        published,
      });
      works.push(work);
      for (const [number, chunk] of work.chunks.entries()) {
        jobs.push({ work, chunk, number, layout: rows.layouts.read });
      }
    }
    return { works, jobs };
  }

  #begin(works: readonly TableWork[], chunksTotal: number): ReadProgress {
    const rowsEstimated = works.reduce((sum, work) => sum + work.estimatedRows, 0);
    const { context, env } = this.#upstream;
    return new ReadProgress(
      context,
      { rowsDone: 0, rowsEstimated, chunksDone: 0, chunksTotal },
      env.clock.monotonicMs(),
    );
  }
}
