import type { Env } from '../env/env.ts';
import { BatchBuilder } from '../hub/batch/batch-builder.ts';
import { forEachRecord } from '../hub/batch/record-cursor.ts';
import type { Hub, HubProducer, TopicDescription } from '../hub/port.ts';
import { MillraceError } from '../record/error.ts';

interface JournalOptions {
  readonly hub: Hub;
  readonly env: Env;
  readonly topic: string;
}

/** Where entries would not last. */
export type JournalWarning = (text: string) => void;

const READ_WAIT_MS = 200;
/** Debezium's settings of a schema history topic: nothing is ever dropped. */
const CONFIG = { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' };

/** A topic of one partition whose records, without keys, a source reads back when it starts. */
export class TopicJournal {
  readonly #options: JournalOptions;
  #producer: Promise<HubProducer> | null = null;

  private constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** Creates the topic where it is missing; refuses one that is something else. */
  static async open(options: JournalOptions, warn: JournalWarning): Promise<TopicJournal> {
    const { hub, topic } = options;
    const found = await hub.admin.describe(topic);
    if (found === null) await hub.admin.createTopic(topic, 1, CONFIG);
    else checkTopic(found, warn);
    return new TopicJournal(options);
  }

  async read(visit: (entry: Buffer) => void, signal: AbortSignal): Promise<void> {
    const { hub, topic } = this.#options;
    const { earliest, latest } = await hub.admin.offsets({ topic, partition: 0 });
    const reader = await hub.reader({ isolation: 'read_uncommitted' });
    try {
      reader.assign([{ topic, partition: 0, offset: earliest }]);
      while (reader.position(topic, 0) < latest) {
        for (const { bytes } of await reader.read(READ_WAIT_MS, signal)) {
          forEachRecord(bytes, (record) => {
            const value = record.value();
            if (value !== null && record.offset >= earliest) visit(value);
          });
        }
      }
    } finally {
      await reader.close();
    }
  }

  async append(entries: readonly string[]): Promise<void> {
    const { hub, env, topic } = this.#options;
    this.#producer ??= hub.producer({ acks: 'all' });
    const producer = await this.#producer;
    const builder = new BatchBuilder();
    const appended: Promise<unknown>[] = [];
    const nowMs = env.clock.nowMs();
    for (const [i, entry] of entries.entries()) {
      builder.add(nowMs, null, Buffer.from(entry));
      if (builder.full || i === entries.length - 1) appended.push(producer.append(topic, 0, builder.finish()));
    }
    await Promise.all(appended);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = null;
    if (producer !== null) await (await producer).close();
  }
}

function checkTopic({ name, partitions, config }: TopicDescription, warn: JournalWarning): void {
  const policy = config['cleanup.policy'] ?? 'delete';
  if (partitions !== 1 || policy !== 'delete') {
    const what = partitions === 1 ? `cleanup.policy=${policy}` : `${partitions} partitions`;
    throw new MillraceError(
      'STORE_TOPIC_NOT_A_JOURNAL',
      `topic ${name} has ${what}; a journal needs one partition and delete`,
      {
        kind: 'config',
        remedy: 'Name a topic that nothing else uses; it is created where it is missing.',
      },
    );
  }
  const usual: Readonly<Record<string, string>> = { 'retention.ms': '604800000', 'retention.bytes': '-1' };
  const retention = Object.keys(usual).filter((key) => (config[key] ?? usual[key]) !== '-1');
  if (retention.length > 0)
    warn(`topic ${name} drops old entries: set ${retention.map((key) => `${key}=-1`).join(', ')}`);
}
