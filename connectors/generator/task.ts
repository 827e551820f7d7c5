import type { TaskContext } from '../../runtime/connector/context.ts';
import type { SourceBatch, SourceTask, SourceTaskStart } from '../../runtime/connector/source.ts';
import type { Env } from '../../runtime/env/env.ts';
import type { JsonObject } from '../../runtime/record/record.ts';
import type { RowBlock } from '../../runtime/record/row-block.ts';
import { nextRecord, sourcePartition } from './offset.ts';
import type { GeneratorOptions } from './options.ts';
import { RowMaker } from './row-maker.ts';

/** Shortest wait for the next record that is due: records of so long make one batch. */
const PACE_MS = 5;
/** Rows that the smallest block has room for. */
const LEAST_ROWS = 64;
/** A task that was held up does not make up for more than this. */
const MAKE_UP_MS = 10_000;
/** The longest wait: then it says again that nothing is due. */
const LONG_MS = 10_000;

/** One sequence of records, at its pace. */
export class GeneratorTask implements SourceTask {
  readonly #options: GeneratorOptions;
  readonly #partition: JsonObject;
  readonly #maker: RowMaker;
  #env: Env | null = null;
  #context: TaskContext | null = null;
  #idle: RowBlock | null = null;
  #next = 0;
  /** Instant at which record `#paced` was due. */
  #pacedMs = 0;
  #paced = 0;

  constructor(options: GeneratorOptions, task: number) {
    this.#options = options;
    this.#partition = sourcePartition(options.topic, options.seed, task);
    this.#maker = new RowMaker(options, task);
  }

  open({ offsets, env, context }: SourceTaskStart): Promise<void> {
    this.#env = env;
    this.#context = context;
    this.#next = nextRecord(offsets, this.#partition);
    this.#paced = this.#next;
    this.#pacedMs = env.clock.monotonicMs();
    context.stage('generating');
    return Promise.resolve();
  }

  async read(signal: AbortSignal): Promise<SourceBatch | null> {
    signal.throwIfAborted();
    const { records, 'batch.records': most } = this.#options;
    const left = records < 0 ? Infinity : records - this.#next;
    if (left <= 0) return null;
    const count = Math.min(most, left, await this.#due(signal));
    const block = this.#block(count);
    this.#maker.fill(block, this.#next, count);
    this.#next += count;
    const record = this.#next;
    return {
      records: block,
      progress: [{ partition: this.#partition, position: { toOffset: () => ({ record }) } }],
      release: () => {
        block.clear();
        this.#idle = block;
      },
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** A block with room for so many rows: a slow generator holds a small one. */
  #block(rows: number): RowBlock {
    const idle = this.#idle;
    this.#idle = null;
    if (idle !== null && this.#maker.room(idle) >= rows) return idle;
    const least = 2 ** Math.ceil(Math.log2(Math.max(LEAST_ROWS, rows)));
    return this.#maker.block(Math.max(rows, Math.min(least, this.#options['batch.records'])));
  }

  /** How many records are due, at least one; waits for it. */
  async #due(signal: AbortSignal): Promise<number> {
    const { throughput } = this.#options;
    const env = this.#env;
    if (throughput < 0 || env === null) return Infinity;
    for (;;) {
      const nowMs = env.clock.monotonicMs();
      const behindMs = nowMs - this.#pacedMs - ((this.#next - this.#paced) * 1000) / throughput;
      if (behindMs > MAKE_UP_MS) {
        this.#paced = this.#next;
        this.#pacedMs = nowMs - MAKE_UP_MS;
      }
      const due = Math.floor(((nowMs - this.#pacedMs) * throughput) / 1000) - (this.#next - this.#paced);
      if (due >= 1) return due;
      const waitMs = throughput === 0 ? LONG_MS : Math.max(PACE_MS, Math.min(LONG_MS, -behindMs));
      this.#context?.idle('no record is due');
      await env.timers.sleep(waitMs, signal);
    }
  }
}
