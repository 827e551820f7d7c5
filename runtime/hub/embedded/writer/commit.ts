import type { Partition } from './partition.ts';

/**
 * One group commit in the making: what it touched, and how to take its changes to memory back
 * should the store refuse it.
 */
export class Commit {
  readonly seq: number;
  readonly nowMs: number;
  readonly partitions = new Set<Partition>();
  #undo: (() => void)[] = [];

  constructor(seq: number, nowMs: number) {
    this.seq = seq;
    this.nowMs = nowMs;
  }

  /** Before the first change of a partition in this commit. */
  touch(partition: Partition): void {
    if (this.partitions.has(partition)) return;
    this.partitions.add(partition);
    const before = partition.snapshot();
    this.#undo.push(() => partition.restore(before));
  }

  onRollback(undo: () => void): void {
    this.#undo.push(undo);
  }

  /** Steps done so far: the place {@link rollback} can return to. */
  mark(): number {
    return this.#undo.length;
  }

  rollback(): void {
    for (const undo of this.#undo.reverse()) undo();
    this.#undo = [];
    this.partitions.clear();
  }
}
