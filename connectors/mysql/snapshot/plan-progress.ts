import { ReadProgress, type ReadAmounts } from '../../../runtime/change/read-progress.ts';
import type { TaskContext } from '../../../runtime/connector/context.ts';
import type { Env } from '../../../runtime/env/env.ts';
import type { ReadPlan } from './read-plan.ts';

/** How far the readers of a plan are. Chunks are cut as they are taken: how many there will be follows from the server's estimates. */
export class PlanProgress {
  readonly #plan: ReadPlan;
  readonly #amounts: ReadAmounts;
  readonly #progress: ReadProgress;
  readonly #clock: Env['clock'];

  constructor(plan: ReadPlan, context: TaskContext, clock: Env['clock']) {
    this.#plan = plan;
    this.#clock = clock;
    this.#amounts = {
      rowsDone: 0,
      rowsEstimated: plan.works.reduce((sum, { estimate }) => sum + estimate, 0),
      chunksDone: 0,
      chunksTotal: plan.estimatedChunks,
    };
    this.#progress = new ReadProgress(context, this.#amounts, clock.monotonicMs());
    this.#show();
  }

  stage(text: string): void {
    this.#progress.stage(text);
  }

  /** Rows were read. */
  rows(count: number): void {
    this.#progress.rows(count);
    this.#show();
  }

  /** A chunk is read; its last rows were so many. */
  chunk(count: number): void {
    this.#progress.chunk();
    this.rows(count);
  }

  end(): void {
    this.#amounts.chunksTotal = this.#amounts.chunksDone;
    this.#amounts.rowsEstimated = this.#amounts.rowsDone;
    this.#show();
    this.#progress.clear();
  }

  #show(): void {
    const left = this.#plan.works.reduce((sum, { unread }) => sum + unread, 0);
    this.#amounts.chunksTotal = Math.max(this.#amounts.chunksTotal, this.#amounts.chunksDone + left);
    this.#progress.show(this.#clock.monotonicMs());
  }
}
