import type { Env, Timer } from '../../../env/env.ts';
import { catalog } from '../store/catalog.ts';
import type { CommitLoop, Lane } from '../writer/commit-loop.ts';
import { compactPartition } from './compaction.ts';
import { removeGroupOffset, storedGroups } from '../store/group-offsets.ts';
import { entryKey } from '../store/key.ts';
import type { Partition } from '../writer/partition.ts';
import { expiredBefore, trimChunk } from './retention.ts';
import type { Store, Table } from '../store/store.ts';
import type { Topics } from '../writer/topics.ts';

export interface CleanerParts {
  readonly store: Store;
  readonly env: Env;
  readonly topics: Topics;
  readonly loop: CommitLoop;
  readonly lane: Lane;
}

const CHUNK_ENTRIES = 256;

/**
 * Retention, compaction and the remains of deleted topics. All of it happens in small pieces, each
 * a work in the commit loop's own lane, so that it delays nobody's commit for long; a restart goes on where
 * it stood.
 */
export class Cleaner {
  readonly #parts: CleanerParts;
  #timer: Timer | null = null;
  #running: Promise<void> | null = null;
  #again = false;
  readonly #stopped = new AbortController();

  constructor(parts: CleanerParts) {
    this.#parts = parts;
  }

  start(everyMs: number): void {
    this.#timer = this.#parts.env.timers.every(everyMs, () => this.soon());
    if (this.#parts.store.read(() => catalog.garbage(this.#parts.store)).length > 0) this.soon();
  }

  /** Cleans in the background. What fails is tried again at the next turn of the timer. */
  soon(): void {
    this.clean().catch(() => undefined);
  }

  /** Resolves when all that was due at the call is done. */
  clean(): Promise<void> {
    if (this.#running !== null) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#run().finally(() => (this.#running = null));
    return this.#running;
  }

  async #run(): Promise<void> {
    do {
      this.#again = false;
      await this.#removeGarbage();
      for (const partition of this.#parts.topics.all()) await this.#cleanPartition(partition);
    } while (this.#again && !this.#over);
  }

  get #over(): boolean {
    return this.#stopped.signal.aborted;
  }

  async #cleanPartition(partition: Partition): Promise<void> {
    if (this.#over || partition.deleted) return;
    const nowMs = this.#parts.env.clock.nowMs();
    if (partition.settings.delete) await this.#expire(partition, nowMs);
    if (partition.settings.compact) await compactPartition(this.#parts, partition, nowMs, this.#stopped.signal);
  }

  async #expire(partition: Partition, nowMs: number): Promise<void> {
    for (;;) {
      const before = expiredBefore(this.#parts.store, partition, nowMs);
      if (before <= partition.start || this.#over || partition.deleted) return;
      await this.#trim(partition, before);
    }
  }

  /** Drops the records before an offset, as far as they are stable. */
  async deleteRecords(partition: Partition, before: number): Promise<void> {
    await this.#trim(partition, Math.min(before, partition.readable(true)));
  }

  async #trim(partition: Partition, before: number): Promise<void> {
    const { loop, lane, store } = this.#parts;
    while (before > partition.start && !partition.deleted && !this.#over) {
      await loop.run(lane, (commit) => trimChunk(commit, store, partition, before));
    }
  }

  async #removeGarbage(): Promise<void> {
    const { store, loop, lane } = this.#parts;
    for (const partition of store.read(() => catalog.garbage(store))) {
      for (const table of [store.log, store.time, store.aborted]) {
        let more = true;
        while (more && !this.#over) more = await loop.run(lane, () => removeSome(table, partition));
      }
      if (this.#over) return;
      await loop.run(lane, () => {
        for (const group of storedGroups(store)) removeGroupOffset(store, group, partition);
        catalog.removeGarbage(store, partition);
      });
    }
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#stopped.abort();
    await this.#running?.catch(() => undefined);
  }
}

/** Removes a partition's first entries; false when there was none. */
function removeSome(table: Table, partition: number): boolean {
  const range = { start: entryKey(partition, 0), end: entryKey(partition + 1, 0), limit: CHUNK_ENTRIES };
  const keys = [...table.getKeys(range)];
  for (const key of keys) void table.remove(key);
  return keys.length > 0;
}
