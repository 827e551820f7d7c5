import type { Env } from '../../env/env.ts';
import type { Datum } from '../../record/record.ts';
import { RowBlock } from '../../record/row-block.ts';
import type { LayoutNode } from '../../record/row-layout.ts';
import type { SourceConnector } from '../connector.ts';
import type { RawConfig } from '../options.ts';
import type { Journal, SourceBatch, SourceOffset, SourceTask } from '../source.ts';
import { inTime } from './conformance-case.ts';
import { silentContext } from './silent-context.ts';

/** What a source connector supplies to be tested. */
export interface SourceDriver {
  readonly connector: SourceConnector;
  readonly env: Env;
  /** Most time one step may take on this upstream. */
  readonly stepMs?: number;
  /** A fresh, empty upstream. */
  setUp(): Promise<SourceUpstream>;
}

export interface SourceUpstream {
  /** The configuration of a connector that reads it. */
  readonly config: RawConfig;
  /** Makes `count` records appear upstream; returns their names, in order. */
  produce(count: number): Promise<readonly string[]>;
  /** The name of a record as read; null: none of those produced (a heartbeat, a transaction mark). */
  nameOf(record: SeenRecord): string | null;
  tearDown(): Promise<void>;
}

export interface SeenRecord {
  readonly topic: string;
  readonly key: Datum | null;
  readonly value: Datum | null;
}

/** A task being read by the suite, with the offsets a runner would have stored. */
export class SourceReading {
  readonly #driver: SourceDriver;
  readonly #upstream: SourceUpstream;
  readonly #task: SourceTask;
  readonly #stop = new AbortController();
  /** Names of produced records in the order read. */
  readonly names: string[] = [];
  /** What is stored: the last committed offset of each source partition. */
  readonly offsets = new Map<string, SourceOffset>();
  #withheld = false;

  private constructor(driver: SourceDriver, upstream: SourceUpstream) {
    this.#driver = driver;
    this.#upstream = upstream;
    this.#task = driver.connector.createTask(firstPlan(driver.connector, upstream.config));
  }

  static async open(
    driver: SourceDriver,
    upstream: SourceUpstream,
    offsets: readonly SourceOffset[],
  ): Promise<SourceReading> {
    const reading = new SourceReading(driver, upstream);
    try {
      await reading.#step('open()', reading.#open(offsets));
    } catch (error) {
      await reading.close();
      throw error;
    }
    return reading;
  }

  get task(): SourceTask {
    return this.#task;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** The offsets as a store would give them back: through JSON text. */
  get stored(): SourceOffset[] {
    return JSON.parse(JSON.stringify([...this.offsets.values()])) as SourceOffset[];
  }

  /**
   * Reads once. Like a runner it stores and commits what it read; with `withhold` only until the
   * first batch with records: a source may wait for progress of its own to be durable.
   */
  async read(withhold = false): Promise<SourceBatch | null> {
    const batch = await this.#step('read()', this.#task.read(this.#stop.signal));
    if (batch === null) return null;
    const before = this.names.length;
    for (const record of recordsOf(batch)) {
      const name = this.#upstream.nameOf(record);
      if (name !== null) this.names.push(name);
    }
    if (this.names.length > before) this.#withheld ||= withhold;
    const offsets = offsetsOf(batch);
    batch.release?.();
    if (this.#withheld) return batch;
    for (const offset of offsets) this.offsets.set(JSON.stringify(offset.partition), offset);
    for (const { partition, position } of batch.progress ?? []) await this.#task.committed?.(partition, position);
    return batch;
  }

  /** Reads until so many produced records have been seen. */
  async readNames(count: number, withhold = false): Promise<void> {
    while (this.names.length < count) {
      if ((await this.read(withhold)) === null) break;
    }
  }

  stop(reason: Error): void {
    this.#stop.abort(reason);
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('closing'));
    await this.#step('close()', this.#task.close());
  }

  #open(offsets: readonly SourceOffset[]): Promise<void> {
    const { env, connector } = this.#driver;
    const context = silentContext(connector.className);
    const journal = (topic: string): Promise<Journal> => Promise.resolve(journalOf(this.#upstream, topic));
    return this.#task.open({ offsets, env, context, signal: this.#stop.signal, journal });
  }

  #step<T>(what: string, promise: Promise<T>): Promise<T> {
    return inTime(this.#driver.env, this.#driver.stepMs ?? 10_000, what, promise);
  }
}

/** What sources of an upstream wrote down, by topic: it outlives a task. */
const journals = new WeakMap<SourceUpstream, Map<string, Buffer[]>>();

function journalOf(upstream: SourceUpstream, topic: string): Journal {
  const topics = journals.get(upstream) ?? new Map<string, Buffer[]>();
  journals.set(upstream, topics);
  const kept = topics.get(topic) ?? [];
  topics.set(topic, kept);
  return {
    read: (visit) => {
      for (const entry of kept) visit(entry);
      return Promise.resolve();
    },
    append: (entries) => {
      kept.push(...entries.map((entry) => Buffer.from(entry)));
      return Promise.resolve();
    },
  };
}

export function firstPlan(connector: SourceConnector, config: RawConfig): RawConfig {
  const first = connector.plan(config, 1)[0];
  if (first === undefined) throw new Error('plan() gave no task');
  return first;
}

/** The records of a batch as values, in order. */
function recordsOf({ records }: SourceBatch): SeenRecord[] {
  if (!(records instanceof RowBlock)) return [...records];
  const datum = (row: number, node: LayoutNode | null): Datum | null =>
    node === null ? null : { schema: node.schema, value: records.value(row, node) };
  return Array.from({ length: records.count }, (_, row) => {
    const { topic, key, value } = records.layout(row);
    return { topic, key: datum(row, key), value: datum(row, value) };
  });
}

/** Where the source partitions stand after a batch. */
function offsetsOf(batch: SourceBatch): SourceOffset[] {
  if (batch.progress !== undefined) {
    return batch.progress.map(({ partition, position }) => ({ partition, offset: position.toOffset() }));
  }
  if (batch.records instanceof RowBlock) return [];
  return batch.records.flatMap(({ source }) => (source === undefined ? [] : [source]));
}
