import type { Env } from '../../env/env.ts';
import type { Datum, TopicPartition } from '../../record/record.ts';
import { topicPartitionName } from '../../record/record.ts';
import type { SinkConnector } from '../connector.ts';
import type { RawConfig } from '../options.ts';
import type { Assigned, Offsets, SinkRecord, SinkResult, SinkTask } from '../sink.ts';
import type { TargetRow } from '../sink-target.ts';
import { inTime } from './conformance-case.ts';
import { silentContext } from './silent-context.ts';

/** What a sink connector supplies to be tested. */
export interface SinkDriver {
  readonly connector: SinkConnector;
  readonly env: Env;
  /** Most time one step may take on this target. */
  readonly stepMs?: number;
  /** A fresh, empty target. */
  setUp(): Promise<SinkSetting>;
}

export interface SinkSetting {
  /** The configuration of a connector that writes to it. */
  readonly config: RawConfig;
  readonly topic: string;
  /** Value of the `n`-th record; its key is `n` as text. */
  value(n: number): { readonly datum: Datum; readonly raw: Uint8Array };
  /** The numbers of all records that the target holds safely, in any order; a number may repeat where the sink only appends. */
  contents(): Promise<readonly number[]>;
  /** Of a row that {@link SinkConnector.rows} gives: the number it was made from. Needed where the connector has `rows`. */
  numberOf?(row: TargetRow): number;
  tearDown(): Promise<void>;
}

/** A task being written to by the suite; keeps what the task said is durable. */
export class SinkWriting {
  readonly #driver: SinkDriver;
  readonly #setting: SinkSetting;
  readonly #task: SinkTask;
  readonly #stop = new AbortController();
  /** Highest durable offset the task named, by partition. */
  readonly durable = new Map<string, bigint>();
  /** Offsets before which records were offered. */
  readonly offered = new Map<string, bigint>();

  private constructor(driver: SinkDriver, setting: SinkSetting, task?: SinkTask) {
    this.#driver = driver;
    this.#setting = setting;
    const first = driver.connector.plan(setting.config, 1)[0];
    if (first === undefined) throw new Error('plan() gave no task');
    this.#task = task ?? driver.connector.createTask(first);
  }

  /** `task`: another than the connector's own. */
  static async open(driver: SinkDriver, setting: SinkSetting, task?: SinkTask): Promise<SinkWriting> {
    const writing = new SinkWriting(driver, setting, task);
    const context = silentContext(driver.connector.className);
    const start = { env: driver.env, context, signal: writing.#stop.signal };
    await writing.#step('open()', writing.#task.open(start));
    return writing;
  }

  get task(): SinkTask {
    return this.#task;
  }

  assign(partition: number, offset: number): Promise<void> {
    const assigned: Assigned = {
      partition: this.#partition(partition),
      offset: BigInt(offset),
      topic: { id: 'conformance', partitions: 8 },
    };
    return this.#step('assign()', this.#task.assign([assigned]));
  }

  /** Writes records `from` to `to` (not included), whose numbers are their offsets, until the task has taken them. */
  async write(partition: number, from: number, to: number): Promise<void> {
    const batch = Array.from({ length: to - from }, (_, i) => this.#record(partition, from + i));
    for (;;) {
      const result = await this.#step('write()', this.#task.write(batch, this.#stop.signal));
      if (result.retryAfterMs === undefined) {
        this.#offer(partition, to);
        this.take(result);
        return;
      }
      await this.#driver.env.timers.sleep(result.retryAfterMs, this.#stop.signal);
    }
  }

  async flush(): Promise<void> {
    if (this.#task.flush !== undefined) this.take(await this.#step('flush()', this.#task.flush(this.#stop.signal)));
  }

  /** Gives record `n` again, after later ones. False: the sink cannot take it. */
  async redrive(partition: number, n: number, id: string): Promise<boolean> {
    if (this.#task.redrive === undefined) return false;
    const batch = [{ record: this.#record(partition, n), id }];
    const { rejected = [] } = await this.#step('redrive()', this.#task.redrive(batch, this.#stop.signal));
    this.take({ durable: new Map(), rejected });
    return true;
  }

  async revoke(partition: number, lost = false): Promise<Offsets> {
    const durable = await this.#step('revoke()', this.#task.revoke([this.#partition(partition)], { lost }));
    this.take({ durable });
    return durable;
  }

  durableOf(partition: number): bigint {
    return this.durable.get(topicPartitionName(this.#partition(partition))) ?? 0n;
  }

  /** Takes note of a result; fails where it says more than was offered. */
  take(result: SinkResult): void {
    if (result.rejected !== undefined && result.rejected.length > 0) {
      throw new Error(`a good record was rejected: ${result.rejected[0]?.error.message ?? ''}`);
    }
    for (const [name, offset] of result.durable) {
      const offered = this.offered.get(name) ?? 0n;
      if (offset > offered) throw new Error(`${name} is called durable up to ${offset}, offered were ${offered}`);
      if (offset > (this.durable.get(name) ?? 0n)) this.durable.set(name, offset);
    }
  }

  close(): Promise<void> {
    return this.#step('close()', this.#task.close());
  }

  #partition(partition: number): TopicPartition {
    return { topic: this.#setting.topic, partition };
  }

  #offer(partition: number, to: number): void {
    const name = topicPartitionName(this.#partition(partition));
    const before = this.offered.get(name) ?? 0n;
    if (BigInt(to) > before) this.offered.set(name, BigInt(to));
  }

  #record(partition: number, n: number): SinkRecord {
    const { datum, raw } = this.#setting.value(n);
    const { topic } = this.#setting;
    const rawKey = Buffer.from(String(n));
    return {
      topic,
      partition,
      offset: BigInt(n),
      timestampMs: 1_700_000_000_000 + n,
      headers: [],
      rawKey,
      rawValue: raw,
      tombstone: false,
      encoding: 'json',
      key: () => ({ schema: null, value: String(n) }),
      value: () => datum,
    };
  }

  #step<T>(what: string, promise: Promise<T>): Promise<T> {
    return inTime(this.#driver.env, this.#driver.stepMs ?? 10_000, what, promise);
  }
}
