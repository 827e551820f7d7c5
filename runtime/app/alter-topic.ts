import type { Hub, TopicConfigChange, TopicDescription } from '../hub/port.ts';
import { MillraceError } from '../record/error.ts';
import type { WorkerSettings } from '../settings/worker-settings.ts';
import { REDRIVE_TOPIC } from '../store/redrives.ts';
import { notFound } from './not-found.ts';

/** One thing at a time, so that none is half done. */
export type TopicChange = { readonly partitions: number } | { readonly config: TopicConfigChange };

/** Topics that a worker keeps its own state in. */
export function internalTopics({ options }: WorkerSettings): ReadonlySet<string> {
  const keys = ['config.storage.topic', 'offset.storage.topic', 'status.storage.topic'] as const;
  return new Set([...keys.map((key) => options[key]), options['millrace.schema.storage.topic'], REDRIVE_TOPIC]);
}

/**
 * Gives a topic more partitions, or other settings; `HUB_PARTITIONS_INVALID`, `HUB_TOPIC_INVALID`,
 * `HUB_UNKNOWN_TOPIC`, `TOPIC_INTERNAL`.
 */
export async function alterTopic(
  { admin }: Pick<Hub, 'admin'>,
  internal: ReadonlySet<string>,
  topic: string,
  change: TopicChange,
): Promise<TopicDescription> {
  // Of a compacted topic the last value of a key has to stand in one partition, and be kept.
  if (internal.has(topic)) throw isInternal(topic);
  if ((await admin.describe(topic)) !== null) {
    return 'partitions' in change
      ? admin.createPartitions(topic, change.partitions)
      : admin.alterTopic(topic, change.config);
  }
  const names = (await admin.topics()).map(({ name }) => name);
  throw notFound('HUB_UNKNOWN_TOPIC', 'topic', topic, names, 'millrace topics list');
}

function isInternal(topic: string): MillraceError {
  return new MillraceError('TOPIC_INTERNAL', `${topic} is a topic that the worker keeps its own state in`, {
    kind: 'config',
    key: 'topic',
    remedy: 'Leave it as it is.',
  });
}
