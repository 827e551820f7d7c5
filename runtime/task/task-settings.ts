import type { RawConfig } from '../connector/options.ts';
import type { Acks } from '../hub/port.ts';
import { MillraceError } from '../record/error.ts';

export type Delivery = 'at-least-once' | 'exactly-once';
export type BatchCompression = 'none' | 'gzip' | 'lz4' | 'zstd';

/** Where a task's own keys and the worker's are looked up: the connector's first, then the worker's. */
export interface SettingsOf {
  readonly config: RawConfig;
  readonly worker: RawConfig;
}

/** What the runners of both kinds read from the configuration. */
export interface TaskSettings {
  /** Bytes a task may have between its two sides (I7): `millrace.task.max.inflight.bytes`. */
  readonly maxInflightBytes: number;
  /** `offset.flush.interval.ms`. Differs from Connect's 60000: a killed task repeats a second, not a minute. */
  readonly flushIntervalMs: number;
  /** `millrace.schema.header`. */
  readonly schemaHeader: boolean;
  readonly schemaTopic: string;
  /** `errors.retry.timeout`: how long a task is started again by itself; infinite for -1, undefined where not set. */
  readonly retryTimeoutMs: number | undefined;
  /** `millrace.restart.max`: restarts by itself within the window; infinite for -1. */
  readonly restartMax: number;
  readonly restartWindowMs: number;
  /** Before the first restart in a row. */
  readonly restartBackoffMs: number;
  /** `millrace.restart.backoff.max.ms`, else `errors.retry.delay.max.ms`. */
  readonly restartBackoffMaxMs: number;
}

export interface SourceSettings extends TaskSettings {
  readonly delivery: Delivery;
  readonly offsetTopic: string;
  readonly offsetTopicPartitions: number;
  readonly transactionTimeoutMs: number;
  readonly acks: Acks;
  readonly compression: BatchCompression;
  /** Size at which a batch of one topic partition is sent though the source batch goes on. */
  readonly batchBytes: number;
  /** How long an unfilled batch may wait for the next source batch; 0: it does not. */
  readonly lingerMs: number;
}

const DEFAULT_INFLIGHT_BYTES = 32 * 1024 * 1024;
/** Below Kafka's default `max.message.bytes`, so that one record more still fits. */
const DEFAULT_BATCH_BYTES = 512 * 1024;

function invalid(key: string, value: string, wanted: string): MillraceError {
  return new MillraceError('TASK_OPTION_INVALID', `${key}: "${value}" is not ${wanted}`, {
    kind: 'config',
    key,
    remedy: `Set ${key} to ${wanted}.`,
  });
}

/** The first of the keys that is set: of the connector by `keys[0]`, then of the worker by any. */
export function setting(of: SettingsOf, key: string, workerKey: string | null = key): string | undefined {
  return of.config[key] ?? (workerKey === null ? undefined : of.worker[workerKey]);
}

export function numberSetting(
  of: SettingsOf,
  key: string,
  workerKey: string | null,
  least: number,
): number | undefined {
  const text = setting(of, key, workerKey);
  if (text === undefined) return undefined;
  const value = Number(text.trim());
  if (!Number.isSafeInteger(value) || value < least) throw invalid(key, text, `a whole number from ${least}`);
  return value;
}

export function booleanSetting(of: SettingsOf, key: string, otherwise: boolean): boolean {
  const text = setting(of, key)?.trim().toLowerCase();
  if (text === undefined) return otherwise;
  if (text !== 'true' && text !== 'false') throw invalid(key, text, 'true or false');
  return text === 'true';
}

export function listSetting(of: SettingsOf, key: string, workerKey: string | null = key): readonly string[] {
  const items = (setting(of, key, workerKey) ?? '').split(',').map((item) => item.trim());
  return items.filter((item) => item !== '');
}

function oneOf<const T extends string>(key: string, text: string, values: readonly T[]): T {
  const found = values.find((value) => value === text.trim().toLowerCase());
  if (found === undefined) throw invalid(key, text, `one of ${values.join(', ')}`);
  return found;
}

export function taskSettings(of: SettingsOf): TaskSettings {
  const retryTimeoutMs = numberSetting(of, 'errors.retry.timeout', 'errors.retry.timeout', -1);
  return {
    maxInflightBytes:
      numberSetting(of, 'millrace.task.max.inflight.bytes', 'millrace.task.max.inflight.bytes', 1) ??
      DEFAULT_INFLIGHT_BYTES,
    flushIntervalMs: numberSetting(of, 'offset.flush.interval.ms', 'offset.flush.interval.ms', 1) ?? 1000,
    schemaHeader: booleanSetting(of, 'millrace.schema.header', true),
    schemaTopic: of.worker['millrace.schema.storage.topic'] ?? 'millrace-schemas',
    retryTimeoutMs: retryTimeoutMs === -1 ? Infinity : retryTimeoutMs,
    ...restartSettings(of),
  };
}

function restartSettings(of: SettingsOf) {
  const number = (key: string, least: number): number | undefined => numberSetting(of, key, key, least);
  const max = number('millrace.restart.max', -1) ?? -1;
  return {
    restartMax: max === -1 ? Infinity : max,
    restartWindowMs: number('millrace.restart.window.ms', 1) ?? 3_600_000,
    restartBackoffMs: number('millrace.restart.backoff.ms', 1) ?? 300,
    restartBackoffMaxMs:
      number('millrace.restart.backoff.max.ms', 1) ?? number('errors.retry.delay.max.ms', 1) ?? 60_000,
  };
}

export function sourceSettings(of: SettingsOf): SourceSettings {
  const override = (name: string): string | undefined =>
    setting(of, `producer.override.${name}`, `producer.${name}`)?.trim();
  const compression = override('compression.type') ?? 'zstd';
  const batch = numberSetting(of, 'producer.override.batch.size', 'producer.batch.size', 0);
  return {
    ...taskSettings(of),
    delivery: delivery(of),
    offsetTopic: setting(of, 'offsets.storage.topic', 'offset.storage.topic') ?? 'millrace-offsets',
    offsetTopicPartitions: numberSetting(of, 'offset.storage.partitions', 'offset.storage.partitions', 1) ?? 1,
    transactionTimeoutMs:
      numberSetting(of, 'producer.override.transaction.timeout.ms', 'producer.transaction.timeout.ms', 1) ?? 60_000,
    acks: acks(override('acks')),
    compression: oneOf('producer.override.compression.type', compression, ['none', 'gzip', 'lz4', 'zstd']),
    batchBytes: batch === undefined ? DEFAULT_BATCH_BYTES : Math.max(batch, 1),
    lingerMs: numberSetting(of, 'producer.override.linger.ms', 'producer.linger.ms', 0) ?? 0,
  };
}

function acks(text: string | undefined): Acks {
  switch (oneOf('producer.override.acks', text ?? 'all', ['all', '-1', '1', '0'])) {
    case '0':
      return 0;
    case '1':
      return 1;
    case 'all':
    case '-1':
      return 'all';
  }
}

/** `millrace.delivery` of the connector; else by Connect's pair of keys. */
function delivery(of: SettingsOf): Delivery {
  const named = setting(of, 'millrace.delivery');
  if (named !== undefined) return oneOf('millrace.delivery', named, ['at-least-once', 'exactly-once']);
  if (of.config['exactly.once.support']?.trim().toLowerCase() === 'required') return 'exactly-once';
  return of.worker['exactly.once.source.support']?.trim().toLowerCase() === 'enabled'
    ? 'exactly-once'
    : 'at-least-once';
}
