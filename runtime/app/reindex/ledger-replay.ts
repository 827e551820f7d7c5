import type { SinkConnector } from '../../connector/connector.ts';
import type { TaskContext } from '../../connector/context.ts';
import type { RawConfig } from '../../connector/options.ts';
import type { SinkRecord, SinkRejection, SinkResult, SinkTask } from '../../connector/sink.ts';
import type { Env } from '../../env/env.ts';
import { RecordCursor } from '../../hub/batch/record-cursor.ts';
import type { Hub, TopicDescription } from '../../hub/port.ts';
import { topicPartitionName } from '../../record/record.ts';
import { loadChain } from '../../task/load-chain.ts';
import { RecordDecoder } from '../../task/sink/record-decoder.ts';
import { HubSinkRecord } from '../../task/sink/sink-record.ts';
import { SinkTransforms } from '../../task/sink/sink-transforms.ts';
import { taskConverters } from '../../task/task-converters.ts';
import { sourceSettings } from '../../task/task-settings.ts';
import { readSchemas } from '../verify/stored-schemas.ts';

export interface LedgerReplayOptions {
  readonly hub: Hub;
  readonly env: Env;
  readonly connector: SinkConnector;
  /** Makes the task that is written to. */
  readonly createTask: () => SinkTask;
  /** The sink's. */
  readonly config: RawConfig;
  readonly worker: RawConfig;
  readonly context: TaskContext;
  readonly signal: AbortSignal;
  /** Called now and then with the records written so far. */
  readonly counted: (records: number) => void;
}

/** A stretch of a partition: from one offset up to, and without, another. */
export interface Stretch {
  readonly topic: TopicDescription;
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
}

const READ_BYTES = 4 * 1024 * 1024;
const WAIT_MS = 1000;
const POLL_MS = 50;

/** What a topic holds now, partition by partition. */
export async function stretchesOf(hub: Hub, topics: readonly TopicDescription[]): Promise<Stretch[]> {
  const stretches: Stretch[] = [];
  for (const topic of topics) {
    for (let partition = 0; partition < topic.partitions; partition++) {
      const { earliest, latest } = await hub.admin.offsets({ topic: topic.name, partition }, 'read_committed');
      stretches.push({ topic, partition, from: earliest, to: latest });
    }
  }
  return stretches;
}

/**
 * Gives stretches of the ledger to a sink task, as its runner would, and returns what it would not
 * take once all the rest is durable. Works on a hub that is open for reading only, beside its worker.
 */
export async function replayLedger(of: LedgerReplayOptions, stretches: readonly Stretch[]): Promise<SinkRejection[]> {
  const { hub, env, connector, createTask, config, worker, context, signal } = of;
  const schemas = await readSchemas(hub, sourceSettings({ config, worker }).schemaTopic, signal);
  const converters = taskConverters({ config, worker });
  const chain = await loadChain(config, context.log);
  const task = createTask();
  try {
    await task.open({ env, context, signal });
    await task.assign(
      stretches.map(({ topic, partition, from }) => ({
        partition: { topic: topic.name, partition },
        offset: from,
        topic: {
          id: topic.id,
          partitions: topic.partitions,
          ...(topic.growths === undefined ? {} : { growths: topic.growths }),
        },
      })),
    );
    const transforms = chain === null ? null : new SinkTransforms(chain, converters, connector);
    const replay = new Replay(of, task, new RecordDecoder(converters, schemas), transforms);
    for (const stage of stagesOf(stretches)) await replay.run(stage);
    return replay.rejected;
  } finally {
    await task.close();
  }
}

/** Stretches one after the other where their topics have grown: a key belongs to another partition since (I4). */
function stagesOf(stretches: readonly Stretch[]): readonly (readonly Stretch[])[] {
  const most = Math.max(0, ...stretches.map(({ topic }) => topic.growths?.length ?? 0));
  return Array.from({ length: most + 1 }, (_, stage) =>
    stretches.flatMap((one): Stretch[] => {
      const after = one.topic.growths?.[stage - 1]?.offset ?? (stage === 0 ? 0n : one.to);
      const before = one.topic.growths?.[stage]?.offset ?? one.to;
      const from = after > one.from ? after : one.from;
      const to = before < one.to ? before : one.to;
      return to > from ? [{ ...one, from, to }] : [];
    }),
  );
}

class Replay {
  readonly #of: LedgerReplayOptions;
  readonly #task: SinkTask;
  readonly #decoder: RecordDecoder;
  readonly #transforms: SinkTransforms | null;
  /** So far. */
  readonly rejected: SinkRejection[] = [];
  readonly #durable = new Map<string, bigint>();
  /** Partitions, and the offset up to which the task has to be durable. */
  readonly #given = new Map<string, bigint>();
  #records = 0;

  constructor(of: LedgerReplayOptions, task: SinkTask, decoder: RecordDecoder, transforms: SinkTransforms | null) {
    this.#of = of;
    this.#task = task;
    this.#decoder = decoder;
    this.#transforms = transforms;
  }

  /** Resolves when all of it is durable. */
  async run(stretches: readonly Stretch[]): Promise<void> {
    const { hub, env, signal, counted } = this.#of;
    const reader = await hub.reader({ isolation: 'read_committed', maxBytes: READ_BYTES });
    try {
      const open = new Map(stretches.map((one) => [nameOf(one), one]));
      reader.assign(stretches.map(({ topic, partition, from }) => ({ topic: topic.name, partition, offset: from })));
      while (open.size > 0) {
        const batches = await reader.read(WAIT_MS, signal);
        for (const { topic, partition, bytes } of batches)
          await this.#write(open.get(topicPartitionName({ topic, partition })), bytes);
        for (const [name, one] of open) if (reader.position(one.topic.name, one.partition) >= one.to) open.delete(name);
        counted(this.#records);
      }
    } finally {
      await reader.close();
    }
    while ([...this.#given].some(([name, end]) => (this.#durable.get(name) ?? -1n) < end)) {
      this.#take((await this.#task.flush?.(signal)) ?? { durable: new Map() });
      await env.timers.sleep(POLL_MS, signal);
    }
  }

  async #write(stretch: Stretch | undefined, bytes: Buffer): Promise<void> {
    if (stretch === undefined) return;
    const records: HubSinkRecord[] = [];
    const cursor = new RecordCursor(bytes);
    while (cursor.next()) {
      if (cursor.offset < stretch.from || cursor.offset >= stretch.to) continue;
      records.push(new HubSinkRecord(stretch.topic.name, stretch.partition, cursor, this.#decoder));
    }
    const last = records.at(-1);
    if (last === undefined) return;
    this.#records += records.length;
    const transformed = this.#transforms?.apply(records) ?? { records, rejected: [] };
    this.rejected.push(...transformed.rejected);
    const given: readonly SinkRecord[] = transformed.records;
    const end = given.at(-1);
    if (end === undefined) return;
    this.#given.set(nameOf(stretch), end.offset + 1n);
    this.#take(await this.#task.write(given, this.#of.signal));
  }

  #take({ durable, rejected = [] }: SinkResult): void {
    for (const [name, offset] of durable) this.#durable.set(name, offset);
    this.rejected.push(...rejected);
  }
}

export function nameOf({ topic, partition }: Stretch): string {
  return topicPartitionName({ topic: topic.name, partition });
}
