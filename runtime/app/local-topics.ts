import { realEnv } from '../env/real.ts';
import { forEachRecord } from '../hub/batch/record-cursor.ts';
import { openHub, openHubForReading } from '../hub/embedded/open.ts';
import type { Hub, TopicConfig, TopicDescription } from '../hub/port.ts';
import { MillraceError } from '../record/error.ts';
import { workerSettings } from '../settings/worker-settings.ts';
import { alterTopic, internalTopics, type TopicChange } from './alter-topic.ts';
import { notFound } from './not-found.ts';
import { readable } from './readable.ts';

interface TopicLine {
  readonly name: string;
  readonly partitions: number;
  /** Offsets held; compaction and transactions leave gaps. */
  readonly records: bigint;
  readonly bytes: number;
}

interface TopicDetails {
  readonly name: string;
  readonly id: string;
  readonly config: TopicConfig;
  readonly offsets: readonly {
    readonly partition: number;
    readonly earliest: bigint;
    readonly latest: bigint;
    readonly bytes: number;
  }[];
}

async function withHub<T>(path: string, use: (hub: Hub) => Promise<T>): Promise<T> {
  const hub = await openHubForReading({ path, env: realEnv });
  try {
    return await use(hub);
  } finally {
    await hub.close();
  }
}

export function listTopics(path: string): Promise<readonly TopicLine[]> {
  return withHub(path, async (hub) => {
    const topics = (await hub.admin.topics()).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return Promise.all(
      topics.map(async ({ name, partitions }) => {
        const offsets = await partitionOffsets(hub, name, partitions);
        const records = offsets.reduce((sum, { earliest, latest }) => sum + latest - earliest, 0n);
        return { name, partitions, records, bytes: offsets.reduce((sum, { bytes }) => sum + bytes, 0) };
      }),
    );
  });
}

export function describeTopic(path: string, topic: string): Promise<TopicDetails> {
  return withHub(path, async (hub) => {
    const { name, id, config, partitions } = await existing(hub, topic);
    return { name, id, config, offsets: await partitionOffsets(hub, name, partitions) };
  });
}

/** `HUB_IN_USE` where a worker writes the hub. */
export async function createTopic(path: string, topic: string, partitions: number, config: TopicConfig): Promise<void> {
  const hub = await openHub({ path, env: realEnv });
  try {
    await hub.admin.createTopic(topic, partitions, config);
  } finally {
    await hub.close();
  }
}

/** `HUB_IN_USE` where a worker writes the hub. */
export async function alterLocalTopic(path: string, topic: string, change: TopicChange): Promise<TopicDescription> {
  const internal = internalTopics(workerSettings({ 'millrace.hub.path': path }));
  // A directory without a hub, and a topic that is not there, are told before anything is made.
  await withHub(path, (hub) => existing(hub, topic));
  const hub = await openHub({ path, env: realEnv });
  try {
    return await alterTopic(hub, internal, topic, change);
  } finally {
    await hub.close();
  }
}

function partitionOffsets(hub: Hub, topic: string, partitions: number) {
  return Promise.all(
    Array.from({ length: partitions }, async (_, partition) => {
      const { earliest, latest, sizeBytes } = await hub.admin.offsets({ topic, partition }, 'read_committed');
      return { partition, earliest, latest, bytes: sizeBytes };
    }),
  );
}

async function existing(hub: Hub, topic: string) {
  const found = await hub.admin.describe(topic);
  if (found !== null) return found;
  const names = (await hub.admin.topics()).map(({ name }) => name);
  throw notFound('HUB_UNKNOWN_TOPIC', 'topic', topic, names, 'millrace topics list');
}

/** A negative offset counts back from the end. */
export type TailStart = 'earliest' | 'latest' | { readonly offset: bigint } | { readonly timestampMs: number };

/** A record as it is printed: JSON decoded, other text as text, anything else in base 64. */
export interface TailedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** ISO 8601. */
  readonly timestamp: string;
  readonly key: unknown;
  readonly value: unknown;
  readonly headers: readonly { readonly key: string; readonly value: unknown }[];
}

export interface TailOptions {
  readonly path: string;
  readonly topic: string;
  readonly from: TailStart;
  /** null: all. */
  readonly partition: number | null;
  readonly max: number;
  /** Wait for more at the end. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  readonly record: (record: TailedRecord) => void;
  /** The offset to begin at is beyond the end of this partition, where it begins instead. */
  readonly beyond: (partition: number, end: bigint) => void;
}

const WAIT_MS = 60_000;

/** Hands over records in offset order per partition until `max`, the end, or the signal. */
export function tailTopic(options: TailOptions): Promise<void> {
  return withHub(options.path, async (hub) => {
    const { partitions } = await existing(hub, options.topic);
    if (options.partition !== null && options.partition >= partitions) {
      throw new MillraceError('CLI_USAGE', `topic ${options.topic} has only ${partitions} partition(s)`, {
        kind: 'config',
        key: '--partition',
        remedy: `Give a number from 0 to ${partitions - 1}.`,
      });
    }
    const from =
      options.partition === null ? Array.from({ length: partitions }, (_, index) => index) : [options.partition];
    await tail(hub, from, options);
  });
}

async function tail(hub: Hub, partitions: readonly number[], options: TailOptions): Promise<void> {
  const { topic, signal, follow } = options;
  const places = await Promise.all(
    partitions.map(async (partition) => {
      const { earliest, latest } = await hub.admin.offsets({ topic, partition }, 'read_committed');
      return { topic, partition, offset: await startOffset(hub, options, partition, earliest, latest), end: latest };
    }),
  );
  const reader = await hub.reader({ isolation: 'read_committed' });
  try {
    reader.assign(places);
    let left = options.max;
    const done = (): boolean =>
      !follow && places.every(({ partition, end }) => reader.position(topic, partition) >= end);
    while (left > 0 && !signal.aborted && !done()) {
      const before = new Map(places.map(({ partition }) => [partition, reader.position(topic, partition)]));
      for (const { partition, bytes } of await read(reader.read(follow ? WAIT_MS : 100, signal), signal)) {
        left -= print(bytes, partition, before.get(partition) ?? 0n, left, options);
      }
    }
  } finally {
    await reader.close();
  }
}

/** Nothing, where the wait was ended by the signal. */
async function read<T>(reading: Promise<readonly T[]>, signal: AbortSignal): Promise<readonly T[]> {
  try {
    return await reading;
  } catch (error) {
    if (signal.aborted) return [];
    throw error;
  }
}

async function startOffset(
  hub: Hub,
  { topic, from, beyond }: TailOptions,
  partition: number,
  earliest: bigint,
  latest: bigint,
): Promise<bigint> {
  if (from === 'earliest') return earliest;
  if (from === 'latest') return latest;
  if ('timestampMs' in from) return hub.admin.offsetFor({ topic, partition }, from, 'read_committed');
  const wanted = from.offset < 0n ? latest + from.offset : from.offset;
  if (wanted > latest) {
    beyond(partition, latest);
    return latest;
  }
  return wanted < earliest ? earliest : wanted;
}

/** Returns how many records were handed over. */
function print(bytes: Buffer, partition: number, from: bigint, most: number, { topic, record }: TailOptions): number {
  let count = 0;
  forEachRecord(bytes, (one) => {
    if (one.offset < from || count >= most) return;
    count++;
    record({
      topic,
      partition,
      offset: one.offset,
      timestamp: new Date(one.timestampMs).toISOString(),
      key: readable(one.key()),
      value: readable(one.value()),
      headers: one.headers().map(({ key, value }) => ({ key, value: readable(value) })),
    });
  });
  return count;
}
