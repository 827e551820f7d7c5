import type { SourceOffset, SourceTask, SourceTaskStart } from '../../../runtime/connector/source.ts';
import type { RowPlan } from '../../../runtime/convert/converter.ts';
import { JsonConverter } from '../../../runtime/convert/json-converter.ts';
import { SimpleHeaderConverter } from '../../../runtime/convert/simple-header-converter.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import { RowBlock } from '../../../runtime/record/row-block.ts';
import type { LayoutNode, RowLayout } from '../../../runtime/record/row-layout.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';
import type { RecordText } from './debezium-records.ts';
import { listen } from './listen.ts';

/** Runs a source's task and keeps its records as Kafka Connect's converters write them. */
export class EventRun {
  readonly records: RecordText[] = [];
  /** Of each source partition, the last that came: what a worker would have stored. */
  readonly offsets = new Map<string, SourceOffset>();
  failure: Error | undefined;
  readonly said = listen();
  readonly #task: SourceTask;
  readonly #journal: Pick<SourceTaskStart, 'journal'>;
  readonly #offsets: readonly SourceOffset[];
  readonly #stop = new AbortController();
  readonly #json = new JsonConverter({});
  readonly #headers = new SimpleHeaderConverter();
  readonly #plans = new Map<LayoutNode, RowPlan>();
  #pump: Promise<void> | undefined;

  constructor(task: SourceTask, offsets: readonly SourceOffset[] = [], journal?: SourceTaskStart['journal']) {
    this.#task = task;
    this.#journal = journal === undefined ? {} : { journal };
    this.#offsets = offsets;
  }

  async start(): Promise<void> {
    const { context } = this.said;
    const { signal } = this.#stop;
    await this.#task.open({ offsets: this.#offsets, env: realEnv, context, signal, ...this.#journal });
    this.#pump = this.#run();
  }

  /** Resolves once `done` says so of the records; rejects when the task fails. */
  async until(done: (records: readonly RecordText[]) => boolean, waitMs = 30_000): Promise<void> {
    const deadline = Date.now() + waitMs;
    while (!done(this.records)) {
      if (this.failure !== undefined) throw this.failure;
      if (Date.now() > deadline) throw new Error(`not there after ${waitMs} ms; ${this.records.length} records so far`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('test over'));
    await this.#pump;
    await this.#task.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    try {
      for (;;) {
        const batch = await this.#task.read(signal);
        if (batch === null) return;
        const { records } = batch;
        if (records instanceof RowBlock) for (let row = 0; row < records.count; row++) this.#keep(records, row);
        batch.release?.();
        for (const { partition, position } of batch.progress ?? []) {
          const offset = JSON.parse(JSON.stringify(position.toOffset())) as JsonObject;
          this.offsets.set(JSON.stringify(partition), { partition, offset });
          await this.#task.committed?.(partition, position);
        }
      }
    } catch (error) {
      if (!signal.aborted) this.failure = error as Error;
    }
  }

  #keep(block: RowBlock, row: number): void {
    const layout = block.layout(row);
    const text = (node: LayoutNode | null): string | null =>
      node === null ? null : this.#render(layout, node, block, row);
    this.records.push({
      topic: layout.topic,
      key: text(layout.key),
      value: text(layout.value),
      headers: layout.headers.map(({ key, node }) => {
        const bytes = this.#headers.encode(layout.topic, { key, schema: node.schema, value: block.value(row, node) });
        return [key, bytes === null ? '' : Buffer.from(bytes).toString()] as const;
      }),
    });
  }

  #render(layout: RowLayout, node: LayoutNode, block: RowBlock, row: number): string | null {
    let plan = this.#plans.get(node);
    if (plan === undefined) {
      plan = this.#json.plan(layout, node);
      this.#plans.set(node, plan);
    }
    const writer = new ByteWriter();
    return plan.write(block, row, writer) ? writer.view().toString() : null;
  }
}
