import { BatchQueue } from '../../../runtime/change/batch-queue.ts';
import type { BlockPool } from '../../../runtime/change/block-pool.ts';
import { Waiters } from '../../../runtime/change/waiters.ts';
import type { Progress, SourceBatch } from '../../../runtime/connector/source.ts';
import type { Env } from '../../../runtime/env/env.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';
import type { RowBlock } from '../../../runtime/record/row-block.ts';
import { tableName } from '../catalog/table.ts';
import { StreamPosition, type StreamPlace } from '../offset.ts';
import { annotationOf, type LaterReads, type ReadPlace } from './read-places.ts';
import { SnapshotState, snapshotPartition, tablePartition, TableState } from './state.ts';
import type { KeyRange, TableWork } from './table-work.ts';
import type { ReadRows } from './text-rows.ts';
import { keyColumns } from './window/key-sql.ts';

export interface SnapshotOutEdges {
  readonly env: Env;
  readonly pool: BlockPool;
  /** Most batches that wait to be taken (I7). */
  readonly bound: number;
  /** The stream's partition. */
  readonly partition: JsonObject;
  readonly prefix: string;
  /** Where the stream begins. */
  readonly place: StreamPlace;
  /** `@@server_uuid` of this server, and of the one that the place was found on. */
  readonly server: string;
  readonly placeServer: string;
  readonly id: string;
  /** What the stream's offset keeps beside its place. */
  readonly notes: JsonObject | undefined;
  /** Tables that are read at a later place than the stream's; absent: all are read at it. */
  readonly later?: LaterReads;
}

/** The last rows of a table or of all: held back until it is known whether more come. */
interface Held {
  readonly work: TableWork;
  readonly rows: ReadRows;
  /** Ranges that are done with these rows. */
  readonly ranges: KeyRange[];
}

/**
 * The way out of a snapshot's rows: batches in the order of their making, with what is done after each (I2), and the
 * marks of the first and last rows (`source.snapshot`), which only the order of going out decides.
 *
 *     rows* of chunks · the last rows of each chunk wait for those of the next · the last of a table for those of another
 */
export class SnapshotOut {
  readonly #edges: SnapshotOutEdges;
  readonly #queue = new BatchQueue();
  readonly #room = new Waiters();
  readonly #doneTables: Set<string>;
  readonly #begun = Promise.withResolvers<void>();
  /** Of each table the rows that may be its last. */
  readonly #held = new Map<TableWork, Held>();
  /** The last rows of a table that is read: they may be the last of all. */
  #final: Held | undefined;
  #any = false;
  #done = false;
  #last: Promise<void> = Promise.resolve();
  #signal: AbortSignal = new AbortController().signal;

  /** `done`: tables that an earlier attempt read. */
  constructor(edges: SnapshotOutEdges, done: Iterable<string>) {
    this.#edges = edges;
    this.#doneTables = new Set(done);
  }

  get place(): StreamPlace {
    return this.#edges.place;
  }

  /** Tables that were read at later places than the stream's. */
  get later(): readonly ReadPlace[] {
    return this.#edges.later?.places ?? [];
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

  /** Resolves when the place is durable, before the first row goes out (I1). `signal` ends all waiting. */
  async begin(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    this.#queue.push({ records: [], progress: [this.#state(false)] });
    await this.#begun.promise;
  }

  begun(): void {
    this.#begun.resolve();
  }

  definitions(block: RowBlock): Promise<void> {
    return this.#emit(block, () => []);
  }

  /** Rows in the middle of a chunk. */
  rows(work: TableWork, rows: ReadRows): Promise<unknown> {
    const held = this.#held.get(work);
    this.#held.delete(work);
    return Promise.all([
      this.#emitFinal(),
      held === undefined ? undefined : this.#emitHeld(held, false),
      this.#emitRows(work, rows, undefined, () => []),
    ]);
  }

  /** A chunk is read; `last`: its last rows, if it has any. */
  chunk(work: TableWork, range: KeyRange, last: ReadRows | undefined): Promise<unknown> {
    work.read(range);
    const held = this.#held.get(work);
    const out: Promise<void>[] = [];
    if (last !== undefined) {
      this.#held.set(work, { work, rows: last, ranges: [range] });
      if (held !== undefined) out.push(this.#emitFinal(), this.#emitHeld(held, false));
    } else if (held === undefined) work.done(range);
    else held.ranges.push(range);
    if (work.unread === 0) out.push(this.#tableRead(work));
    return Promise.all(out);
  }

  /** What is held back, with the place of the stream. */
  async finish(): Promise<void> {
    const { env, partition, server, place, notes } = this.#edges;
    const final = this.#final;
    const seconds = Math.floor(env.clock.nowMs() / 1000);
    const progress = (): Progress[] => {
      if (final !== undefined) this.#tableDone(final.work);
      const kept = { ...notes, ...annotationOf(this.later) };
      const position = new StreamPosition(place, server, { seconds, serverId: 0 }, kept);
      return [{ partition, position }, this.#state(true)];
    };
    await (final === undefined
      ? this.#emit(undefined, progress)
      : this.#emitRows(final.work, final.rows, 'last', progress));
    this.#done = true;
    this.#queue.wake();
  }

  fail(error: Error): void {
    this.#queue.fail(error);
  }

  #tableRead(work: TableWork): Promise<void> {
    const last = this.#held.get(work);
    this.#held.delete(work);
    // An empty table is done once what is before it in the queue is.
    if (last === undefined) return this.#emit(undefined, () => [this.#tableDone(work)]);
    const before = this.#emitFinal();
    this.#final = last;
    return before;
  }

  /** Rows follow that are another table's. */
  async #emitFinal(): Promise<void> {
    const final = this.#final;
    this.#final = undefined;
    if (final !== undefined) await this.#emitHeld(final, true);
  }

  #emitHeld({ work, rows, ranges }: Held, ends: boolean): Promise<void> {
    return this.#emitRows(work, rows, ends ? 'last_in_data_collection' : undefined, () => {
      for (const range of ranges) work.done(range);
      return ends ? [this.#tableDone(work)] : this.#tableState(work);
    });
  }

  #emitRows(
    work: TableWork,
    rows: ReadRows,
    last: 'last_in_data_collection' | 'last' | undefined,
    progress: () => Progress[],
  ): Promise<void> {
    return this.#emit(rows.block, () => {
      const first = !this.#any ? 'first' : work.begun ? undefined : 'first_in_data_collection';
      rows.mark(first, last);
      this.#any = true;
      work.begun = true;
      return progress();
    });
  }

  /** One after the other, in the order of the calls. `progress` is asked for when the batch goes out. */
  #emit(block: RowBlock | undefined, progress: () => Progress[]): Promise<void> {
    const { pool, bound } = this.#edges;
    const hand = async (): Promise<void> => {
      while (this.#queue.length >= bound) await this.#room.wait(this.#signal);
      this.#signal.throwIfAborted();
      const batch = { progress: progress() };
      if (block === undefined) this.#queue.push({ records: [], ...batch });
      else this.#queue.push({ records: block, ...batch, release: () => pool.give(block) });
    };
    const next = this.#last.then(hand);
    this.#last = next.catch(() => undefined);
    return next;
  }

  #tableDone(work: TableWork): Progress {
    this.#doneTables.add(tableName(work.table));
    this.#edges.later?.add(work.table);
    return this.#state(false);
  }

  #tableState(work: TableWork): Progress[] {
    if (!work.divisible) return [];
    const { prefix, id } = this.#edges;
    const key = keyColumns(work.table).map(({ name }) => name);
    return [
      {
        partition: tablePartition(prefix, tableName(work.table)),
        position: new TableState(id, key, work.open),
      },
    ];
  }

  #state(complete: boolean): Progress {
    const { prefix, place, placeServer, id } = this.#edges;
    return {
      partition: snapshotPartition(prefix),
      position: new SnapshotState(place, placeServer, [...this.#doneTables], complete, id, this.later),
    };
  }
}
