import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connector } from '../../../runtime/connector/connector.ts';
import type { Log } from '../../../runtime/connector/context.ts';
import type { Env } from '../../../runtime/env/env.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { forEachRecord } from '../../../runtime/hub/batch/record-cursor.ts';
import { openHub } from '../../../runtime/hub/embedded/open.ts';
import type { Hub, Isolation } from '../../../runtime/hub/port.ts';
import type { RawHeader } from '../../../runtime/record/record.ts';
import type { TaskSpec, TaskState } from '../../../runtime/task/host.ts';
import { LocalTaskHost, type LocalTask } from '../../../runtime/task/local-host.ts';

export interface StoredRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly RawHeader[];
}

/** A hub in a directory of its own, and tasks in this thread. */
export class TaskBench {
  readonly hub: Hub;
  readonly host: LocalTaskHost;
  readonly logged: string[] = [];
  readonly #path: string;
  readonly #connectors = new Map<string, Connector>();
  #epoch = 0;

  private constructor(path: string, hub: Hub, env: Env) {
    this.#path = path;
    this.hub = hub;
    const log = (message: string): void => void this.logged.push(message);
    const taskLog: Log = { debug: log, info: log, warn: log, error: log };
    this.host = new LocalTaskHost({
      env,
      hub,
      log: () => taskLog,
      connector: (className) => {
        const connector = this.#connectors.get(className);
        return connector === undefined ? Promise.reject(new Error(`no ${className}`)) : Promise.resolve(connector);
      },
    });
  }

  /** `through`: what tasks have in place of the hub. */
  static async open(env: Env = realEnv, through: (hub: Hub) => Hub = (hub) => hub): Promise<TaskBench> {
    const path = await mkdtemp(join(tmpdir(), 'millrace-task-'));
    return new TaskBench(path, through(await openHub({ path, env })), env);
  }

  start(connector: Connector, config: Record<string, string> = {}, paused = false): StartedTask {
    this.#connectors.set(connector.className, connector);
    const spec: TaskSpec = {
      connector: config['name'] ?? 'test',
      task: 0,
      epoch: this.#epoch++,
      className: connector.className,
      config: { ...config, 'offset.flush.interval.ms': '20' },
      worker: {},
      paused,
    };
    const states: TaskState[] = [];
    const task = this.host.start(spec, (view) => states.push(view.state));
    return { task, states };
  }

  /** Everything a topic holds, by partition and offset. */
  async records(topic: string, isolation: Isolation = 'read_committed'): Promise<StoredRecord[]> {
    const found = await this.hub.admin.describe(topic);
    if (found === null) return [];
    const records: StoredRecord[] = [];
    const reader = await this.hub.reader({ isolation });
    try {
      for (let partition = 0; partition < found.partitions; partition++) {
        const { earliest } = await this.hub.admin.offsets({ topic, partition }, isolation);
        reader.assign([{ topic, partition, offset: earliest }]);
        for (;;) {
          const batches = await reader.read(0, AbortSignal.timeout(5000));
          if (batches.length === 0) break;
          for (const { bytes } of batches) {
            forEachRecord(bytes, (at) => {
              const { offset, timestampMs } = at;
              const key = at.key()?.toString() ?? null;
              records.push({
                partition,
                offset,
                timestampMs,
                key,
                value: at.value()?.toString() ?? null,
                headers: at.headers(),
              });
            });
          }
        }
      }
    } finally {
      await reader.close();
    }
    return records;
  }

  async close(): Promise<void> {
    await this.host.close();
    await this.hub.close();
    await rm(this.#path, { recursive: true, force: true });
  }
}

export interface StartedTask {
  readonly task: LocalTask;
  /** Every state it was in, in order. */
  readonly states: TaskState[];
}
