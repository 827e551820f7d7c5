import type { TopicConfig, TopicConfigChange } from '../../port.ts';
import { nearest } from '../../../record/nearest.ts';
import { invalidSetting, invalidTopic } from '../errors.ts';

/** A topic's settings, defaults applied. -1: no limit. */
export interface TopicSettings {
  readonly compact: boolean;
  readonly delete: boolean;
  readonly retentionMs: number;
  readonly retentionBytes: number;
  readonly deleteRetentionMs: number;
  readonly minCompactionLagMs: number;
  readonly minCleanableDirtyRatio: number;
  readonly maxMessageBytes: number;
  readonly logAppendTime: boolean;
}

/**
 * Kafka's defaults, but for `max.message.bytes`: 128 MiB, because a source's row cannot be cut and
 * the embedded hub has no broker memory to protect.
 */
const NUMBERS: Readonly<Record<string, number>> = {
  'retention.ms': 604_800_000,
  'retention.bytes': -1,
  'delete.retention.ms': 86_400_000,
  'min.compaction.lag.ms': 0,
  'min.cleanable.dirty.ratio': 0.5,
  'max.message.bytes': 128 * 1024 * 1024,
};

const WHOLE = /^-?\d+$/;
/** How Kafka's users write "for ever". */
const LONG_MAX = '9223372036854775807';

/** Keys that change nothing here and are taken because Kafka's users set them. */
const IGNORED = new Set([
  'compression.type',
  'file.delete.delay.ms',
  'flush.messages',
  'flush.ms',
  'index.interval.bytes',
  'max.compaction.lag.ms',
  'message.timestamp.after.max.ms',
  'message.timestamp.before.max.ms',
  'min.insync.replicas',
  'preallocate',
  'replication.factor',
  'segment.bytes',
  'segment.index.bytes',
  'segment.jitter.ms',
  'segment.ms',
  'unclean.leader.election.enable',
]);

/** Checks and reads a topic's settings: `HUB_TOPIC_INVALID`. */
export function topicSettings(topic: string, config: TopicConfig): TopicSettings {
  const number = (key: string): number => readNumber(topic, key, config[key]);
  for (const key of Object.keys(config)) checkSetting(topic, key);
  const policies = (config['cleanup.policy'] ?? 'delete').split(',').map((policy) => policy.trim());
  const timestamps = config['message.timestamp.type'] ?? 'CreateTime';
  if (!policies.every((policy) => policy === 'compact' || policy === 'delete')) {
    throw invalidSetting(
      topic,
      'cleanup.policy',
      `cleanup.policy is delete, compact or both, not ${policies.join(',')}`,
    );
  }
  if (timestamps !== 'CreateTime' && timestamps !== 'LogAppendTime') {
    throw invalidSetting(
      topic,
      'message.timestamp.type',
      `message.timestamp.type is CreateTime or LogAppendTime, not ${timestamps}`,
    );
  }
  return {
    compact: policies.includes('compact'),
    delete: policies.includes('delete'),
    retentionMs: number('retention.ms'),
    retentionBytes: number('retention.bytes'),
    deleteRetentionMs: number('delete.retention.ms'),
    minCompactionLagMs: number('min.compaction.lag.ms'),
    minCleanableDirtyRatio: number('min.cleanable.dirty.ratio'),
    maxMessageBytes: number('max.message.bytes'),
    logAppendTime: timestamps === 'LogAppendTime',
  };
}

/** `HUB_TOPIC_INVALID` where there is no such setting, with what is close to it. */
export function checkSetting(topic: string, key: string): void {
  const known = [...Object.keys(NUMBERS), 'cleanup.policy', 'message.timestamp.type'];
  if (known.includes(key) || IGNORED.has(key)) return;
  const meant = nearest(key, [...known, ...IGNORED]);
  const hint = meant === undefined ? '' : `Did you mean ${meant}? `;
  const remedy = `${hint}These have an effect: ${known.toSorted().join(', ')}.`;
  throw invalidSetting(topic, key, `unknown setting ${key}`, remedy);
}

function readNumber(topic: string, key: string, text: string | undefined): number {
  if (text === undefined) return NUMBERS[key] ?? 0;
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= -1) return value;
  throw invalidSetting(topic, key, `${key} is a number, not ${JSON.stringify(text)}`);
}

/** Limits of numbers that are set: `1e3` or `0x10` milliseconds of retention would delete records by a slip. */
const LIMITS: Readonly<Record<string, { readonly form: RegExp; readonly least: number; readonly most: number }>> = {
  'retention.ms': { form: WHOLE, least: -1, most: Number.MAX_SAFE_INTEGER },
  'retention.bytes': { form: WHOLE, least: -1, most: Number.MAX_SAFE_INTEGER },
  'delete.retention.ms': { form: WHOLE, least: 0, most: Number.MAX_SAFE_INTEGER },
  'min.compaction.lag.ms': { form: WHOLE, least: 0, most: Number.MAX_SAFE_INTEGER },
  'min.cleanable.dirty.ratio': { form: /^\d+(?:\.\d+)?$/, least: 0, most: 1 },
  'max.message.bytes': { form: WHOLE, least: 1, most: Number.MAX_SAFE_INTEGER },
};

/** Checks settings that are given now; those that are stored stay readable as they are. `HUB_TOPIC_INVALID`. */
export function checkGiven(topic: string, config: TopicConfigChange): void {
  for (const [key, text] of Object.entries(config)) {
    const limit = LIMITS[key];
    if (limit === undefined || text === null) continue;
    const { form, least, most } = limit;
    if (form.test(text) && Number(text) >= least && (Number(text) <= most || text === LONG_MAX)) continue;
    const kind = form === WHOLE ? 'a whole number' : 'a number';
    const range = most === 1 ? `from ${least} to ${most}` : `of at least ${least}`;
    throw invalidSetting(topic, key, `${key} is ${kind} ${range}, not ${JSON.stringify(text)}`);
  }
}

/** Kafka's rule for topic names. */
export function checkTopicName(name: string): void {
  if (!/^[a-zA-Z0-9._-]{1,249}$/.test(name) || name === '.' || name === '..') {
    throw invalidTopic(name, 'a name has 1 to 249 letters, digits, dots, underscores or hyphens');
  }
}
