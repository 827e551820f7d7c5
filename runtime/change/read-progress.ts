import type { TaskContext } from '../connector/context.ts';

/** What the progress of a snapshot is reckoned from. */
export interface ReadAmounts {
  rowsDone: number;
  rowsEstimated: number;
  chunksDone: number;
  chunksTotal: number;
}

/** Tells the runtime how far a snapshot is, and when it will be done. */
export class ReadProgress {
  readonly #context: TaskContext;
  readonly #amounts: ReadAmounts;
  readonly #startedMs: number;
  readonly #rowsBefore: number;

  constructor(context: TaskContext, amounts: ReadAmounts, nowMs: number) {
    this.#context = context;
    this.#amounts = amounts;
    this.#startedMs = nowMs;
    this.#rowsBefore = amounts.rowsDone;
  }

  get amounts(): Readonly<ReadAmounts> {
    return this.#amounts;
  }

  stage(text: string): void {
    this.#context.stage(text);
  }

  rows(count: number): void {
    this.#amounts.rowsDone += count;
    if (this.#amounts.rowsEstimated < this.#amounts.rowsDone) this.#amounts.rowsEstimated = this.#amounts.rowsDone;
  }

  /** Sets what is done. */
  update(rowsDone: number, chunksDone: number): void {
    this.#amounts.chunksDone = chunksDone;
    this.rows(rowsDone - this.#amounts.rowsDone);
  }

  chunk(): void {
    this.#amounts.chunksDone++;
  }

  show(nowMs: number): void {
    const { rowsDone, rowsEstimated, chunksDone, chunksTotal } = this.#amounts;
    const context = this.#context;
    context.gauge('snapshot_rows_done', rowsDone);
    context.gauge('snapshot_rows_estimated', rowsEstimated);
    context.gauge('snapshot_chunks_done', chunksDone);
    context.gauge('snapshot_chunks_total', chunksTotal);
    context.gauge('snapshot_eta_seconds', this.#eta(nowMs));
  }

  /** Seconds that are left at the speed so far; null: not known yet. */
  #eta(nowMs: number): number | null {
    const { rowsDone, rowsEstimated, chunksDone, chunksTotal } = this.#amounts;
    if (chunksDone >= chunksTotal) return 0;
    const rows = rowsDone - this.#rowsBefore;
    const seconds = (nowMs - this.#startedMs) / 1000;
    if (rows === 0 || seconds < 0.5 || rowsEstimated <= rowsDone) return null;
    return Math.round(((rowsEstimated - rowsDone) / rows) * seconds);
  }

  clear(): void {
    this.#context.gauge('snapshot_eta_seconds', null);
  }
}
