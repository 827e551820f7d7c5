import { PostgresTask } from '../../../connectors/postgres/task.ts';
import type { TaskContext } from '../../../runtime/connector/context.ts';
import type { RawConfig } from '../../../runtime/connector/options.ts';
import type { SourceBatch, SourceOffset } from '../../../runtime/connector/source.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import type { Env } from '../../../runtime/env/env.ts';
import { Decimal } from '../../../runtime/record/decimal.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';
import { RowBlock } from '../../../runtime/record/row-block.ts';
import type { StructValue, Value } from '../../../runtime/record/value.ts';
import { databaseOptions, type PostgresServer } from '../../services/postgres.ts';
import type { Socket } from 'node:net';

const UNAVAILABLE = '__debezium_unavailable_value';

/** A change record, values as text. */
export interface Change {
  readonly topic: string;
  readonly op: string;
  readonly key: string | null;
  readonly after: Readonly<Record<string, string | null>> | null;
  readonly snapshot: string;
  /** Of a key change: the key before it. */
  readonly oldKey: string | null;
}

export interface RunOptions {
  readonly server: PostgresServer;
  readonly config?: RawConfig;
  /** Called before a batch is stored; true: the process is killed at this place, the batch lost. */
  readonly kill?: (batch: SourceBatch, changes: readonly Change[]) => boolean;
  /** True: the process is killed at this named place. */
  readonly crash?: (point: string) => boolean;
  /** The batch's records are stored, its offsets are not: at least once. */
  readonly killAfterRecords?: (batch: SourceBatch, changes: readonly Change[]) => boolean;
}

/** Runs Postgres tasks against one store of records and offsets, and kills them. */
export class SnapshotRun {
  readonly changes: Change[] = [];
  readonly offsets = new Map<string, SourceOffset>();
  readonly warnings: string[] = [];
  readonly logs: string[] = [];
  readonly gauges = new Map<string, number | null>();
  readonly #options: RunOptions;
  #task: PostgresTask | undefined;
  #sockets: Socket[] = [];
  #stop = new AbortController();
  #pump: Promise<void> | undefined;
  killed = false;
  ended = false;
  failure: Error | undefined;

  constructor(options: RunOptions) {
    this.#options = options;
  }

  /** Starts the task from the stored offsets. */
  async start(
    config: RawConfig = {},
    hooks: Pick<RunOptions, 'kill' | 'killAfterRecords' | 'crash'> = {},
  ): Promise<void> {
    const { server } = this.#options;
    this.killed = false;
    this.ended = false;
    this.failure = undefined;
    this.#stop = new AbortController();
    this.#sockets = [];
    const task = new PostgresTask({
      name: 'snap',
      'topic.prefix': 'p',
      ...databaseOptions(server),
      'slot.name': 'snap',
      'publication.name': 'snap',
      'plugin.name': 'pgoutput',
      'table.include.list': 'public\\..*',
      ...this.#options.config,
      ...config,
    });
    this.#task = task;
    const sockets = this.#sockets;
    const env: Env = {
      ...realEnv,
      crash: (point) => {
        if (this.killed || hooks.crash?.(point) !== true) return;
        this.#crash();
        throw new Error(`killed at ${point}`);
      },
      net: {
        ...realEnv.net,
        socket: () => {
          const socket = realEnv.net.socket();
          sockets.push(socket);
          return socket;
        },
      },
    };
    try {
      await task.open({
        offsets: [...this.offsets.values()],
        env,
        context: this.#context(),
        signal: this.#stop.signal,
      });
    } catch (error) {
      await task.close();
      throw error;
    }
    this.#pump = this.#run(task, { ...this.#options, ...hooks });
  }

  async #run(task: PostgresTask, options: RunOptions): Promise<void> {
    const { signal } = this.#stop;
    try {
      for (;;) {
        const batch = await task.read(signal);
        if (batch === null) {
          this.ended = true;
          return;
        }
        const changes = changesOf(batch);
        if (options.kill?.(batch, changes) === true) {
          this.#crash();
          return;
        }
        this.changes.push(...changes);
        if (options.killAfterRecords?.(batch, changes) === true) {
          this.#crash();
          return;
        }
        for (const { partition, position } of batch.progress ?? []) {
          this.offsets.set(JSON.stringify(partition), {
            partition,
            offset: JSON.parse(JSON.stringify(position.toOffset())) as JsonObject,
          });
        }
        batch.release?.();
        for (const { partition, position } of batch.progress ?? []) await task.committed(partition, position);
      }
    } catch (error) {
      if (!signal.aborted) this.failure = error as Error;
    }
  }

  /** As `kill -9`: every socket breaks, nothing is told. */
  #crash(): void {
    this.killed = true;
    for (const socket of this.#sockets) socket.destroy();
    this.#stop.abort(new Error('killed'));
  }

  /** Kills the task now. */
  async kill(): Promise<void> {
    this.#crash();
    await this.#pump;
    await this.#forget();
  }

  /** Waits until the task was killed by its hook. */
  async untilKilled(): Promise<void> {
    await this.until(() => this.killed || this.failure !== undefined);
    await this.#pump;
    await this.#forget();
    if (this.failure !== undefined) throw this.failure;
  }

  /** The abandoned task must not work on in this process. */
  async #forget(): Promise<void> {
    await this.#task?.close().catch(() => undefined);
    this.#task = undefined;
    // The server notices the broken connections.
    const { server } = this.#options;
    await this.until(async () => {
      const rows = await server.sql("SELECT 1 FROM pg_replication_slots WHERE slot_name = 'snap' AND active");
      return rows.length === 0;
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('stopped'));
    await this.#pump;
    await this.#task?.close();
    this.#task = undefined;
    if (this.failure !== undefined) throw this.failure;
  }

  async until(test: () => boolean | Promise<boolean>, ms = 30_000): Promise<void> {
    const deadline = Date.now() + ms;
    while (!(await test())) {
      if (this.failure !== undefined && !this.killed) throw this.failure;
      if (Date.now() > deadline) {
        throw new Error(
          `timeout: ${this.changes.length} changes, ${JSON.stringify([...this.offsets.values()])} ${this.logs.join('\n')}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Waits until a row inserted now has come through, so that everything before it has. */
  async catchUp(): Promise<void> {
    const { server } = this.#options;
    const text = `sync ${Math.random()}`;
    await server.sql('CREATE TABLE IF NOT EXISTS sync (id serial PRIMARY KEY, t text)');
    await server.sql('INSERT INTO sync (t) VALUES ($1)', [text]);
    await this.until(() => this.changes.some(({ after }) => after?.['t'] === text));
  }

  /** Waits until the stored state has nothing open. */
  async untilRead(): Promise<void> {
    await this.until(() => this.#isRead());
  }

  /** Waits until the task was killed by its hook (true), or has read everything without passing there. */
  async killedBeforeRead(): Promise<boolean> {
    await this.until(() => this.killed || this.failure !== undefined || this.#isRead());
    if (!this.killed && this.failure === undefined) return false;
    await this.untilKilled();
    return true;
  }

  #isRead(): boolean {
    const stored = [...this.offsets.values()];
    const plans = stored.filter(
      ({ partition, offset }) =>
        partition['snapshot'] === 'table' && offset['kind'] !== 'none' && offset['forgotten'] !== true,
    );
    const open = plans.filter(({ partition, offset }) => {
      const progress = this.offsets.get(
        JSON.stringify({ server: 'p', snapshot: 'progress', table: partition['table'] }),
      );
      return progress?.offset['finished'] !== true || progress.offset['plan'] !== offset['plan'];
    });
    const waiting = stored.some(
      ({ offset }) => offset['millrace.requests'] !== undefined || offset['millrace.again'] !== undefined,
    );
    return plans.length > 0 && open.length === 0 && !waiting;
  }

  /** What a consumer holds of a topic after all records: by key, the latest row; without a key, all rows. */
  state(table: string): Map<string, Readonly<Record<string, string | null>>> {
    const rows = new Map<string, Record<string, string | null>>();
    const gone = new Map<string, Record<string, string | null>>();
    let n = 0;
    for (const { topic, op, key, after, oldKey } of this.changes) {
      if (topic !== `p.public.${table}`) continue;
      if (op === 't') rows.clear();
      else if (op === 'd') {
        const row = rows.get(key ?? '');
        if (row !== undefined) gone.set(key ?? '', row);
        rows.delete(key ?? '');
      } else if (after !== null) {
        const name = key ?? String(n++);
        const before = oldKey === null ? rows.get(name) : gone.get(oldKey);
        rows.set(
          name,
          Object.fromEntries(
            Object.entries(after).map(([column, value]) => [
              column,
              value === UNAVAILABLE ? (before?.[column] ?? 'MISSING') : value,
            ]),
          ),
        );
      }
    }
    return rows;
  }

  /** Rows that differ between the source and what a consumer holds; both as sorted JSON. */
  async differences(table: string): Promise<{ missing: string[]; extra: string[] }> {
    const rows = await this.#options.server.sql(`SELECT * FROM "${table}"`);
    const source = new Set(rows.map((row) => JSON.stringify(row)));
    const held = new Set([...this.state(table).values()].map((row) => JSON.stringify(row)));
    return {
      missing: [...source.difference(held)].slice(0, 5).map((row) => row.slice(0, 100)),
      extra: [...held.difference(source)].slice(0, 5).map((row) => row.slice(0, 100)),
    };
  }

  #context(): TaskContext {
    const line = (message: string): void => void this.logs.push(message);
    return {
      connector: 'snap',
      task: 0,
      log: { debug: line, info: line, warn: line, error: line },
      stage: () => undefined,
      idle: () => undefined,
      gauge: (name, value) => void this.gauges.set(name, value),
      info: () => undefined,
      warning: (_code, text) => {
        if (text !== null) this.warnings.push(text);
      },
    };
  }
}

function changesOf(batch: SourceBatch): Change[] {
  const { records } = batch;
  if (!(records instanceof RowBlock)) return [];
  return Array.from({ length: records.count }, (_, row) => {
    const layout = records.layout(row);
    const key = layout.key === null ? null : JSON.stringify(textual(records.value(row, layout.key)));
    const value = layout.value === null ? null : (records.value(row, layout.value) as StructValue | null);
    const after = value?.['after'] ?? null;
    const oldKey = layout.headers.find((header) => header.key === '__debezium.oldkey');
    const source = value?.['source'] as StructValue | undefined;
    return {
      topic: layout.topic,
      op: value === null ? 'tombstone' : String(value['op']),
      key,
      after: after === null ? null : (textual(after) as Record<string, string | null>),
      snapshot: String(source?.['snapshot'] ?? ''),
      oldKey: oldKey === undefined ? null : JSON.stringify(textual(records.value(row, oldKey.node))),
    };
  });
}

function textual(value: Value): unknown {
  if (value === null) return null;
  if (value instanceof Decimal) return value.toString();
  if (typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array) && !(value instanceof Map)) {
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, textual(field as Value)]));
  }
  return String(value);
}
