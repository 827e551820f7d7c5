import type { TaskSpec } from '../host.ts';
import { MillraceError } from '../../record/error.ts';
import { sinkGroup } from './sink-group.ts';
import { listSetting, numberSetting, setting, taskSettings, type TaskSettings } from '../task-settings.ts';

export type Topics = { readonly names: readonly string[] } | { readonly pattern: string };

export interface SinkSettings extends TaskSettings {
  readonly group: string;
  readonly topics: Topics;
  /** Where to start without a committed offset. */
  readonly start: 'earliest' | 'latest';
  /** Whether the operator chose `auto.offset.reset`: then a committed offset that is gone is passed over by it. */
  readonly startChosen: boolean;
  readonly fetchBytes: number;
  /** Most records of one `write`. */
  readonly maxRecords: number;
}

const MAX_FETCH_BYTES = 4 * 1024 * 1024;

export function sinkSettings(spec: TaskSpec): SinkSettings {
  const common = taskSettings(spec);
  const override = (name: string): string | undefined =>
    setting(spec, `consumer.override.${name}`, `consumer.${name}`)?.trim();
  const reset = override('auto.offset.reset');
  return {
    ...common,
    // The group is the connector's own: a worker-wide consumer.group.id would join all connectors.
    group: sinkGroup(spec.connector, spec.config),
    topics: topics(spec),
    start: startOf(reset),
    startChosen: reset !== undefined,
    fetchBytes: Math.max(1, Math.min(MAX_FETCH_BYTES, common.maxInflightBytes >> 2)),
    maxRecords: numberSetting(spec, 'consumer.override.max.poll.records', 'consumer.max.poll.records', 1) ?? Infinity,
  };
}

function startOf(reset: string | undefined): 'earliest' | 'latest' {
  if (reset === undefined || reset === 'earliest') return 'earliest';
  if (reset === 'latest') return 'latest';
  throw new MillraceError('TASK_OPTION_INVALID', `consumer.override.auto.offset.reset: "${reset}" is not supported`, {
    kind: 'config',
    key: 'consumer.override.auto.offset.reset',
    remedy: 'Set it to earliest or latest.',
  });
}

function topics(spec: TaskSpec): Topics {
  const names = listSetting(spec, 'topics', null);
  const pattern = spec.config['topics.regex']?.trim() ?? '';
  if (names.length > 0 !== (pattern !== '')) return pattern === '' ? { names } : { pattern };
  throw new MillraceError('TASK_TOPICS_INVALID', 'a sink needs either topics or topics.regex', {
    kind: 'config',
    key: 'topics',
    remedy: 'Set topics to a list of names, or topics.regex to a pattern, not both.',
  });
}
