import { RE2JS } from 're2js';
import type { TopicConfig } from '../../hub/port.ts';
import { MillraceError } from '../../record/error.ts';
import { listSetting, numberSetting, setting, type SettingsOf } from '../task-settings.ts';

export interface NewTopic {
  readonly partitions: number;
  readonly config?: TopicConfig;
}

interface Group {
  readonly name: string;
  readonly include: readonly RE2JS[];
  readonly exclude: readonly RE2JS[];
}

const PREFIX = 'topic.creation.';
const OWN_KEYS = new Set(['include', 'exclude', 'partitions', 'replication.factor']);

/**
 * Connect's `topic.creation.*`: the first group whose `include` matches the whole topic name, and no
 * `exclude` does, gives a new topic's settings; else the group `default`; what a group leaves open
 * comes from there. Undefined where `topic.creation.enable=false`.
 *
 * Differs from Connect: without any key a topic gets one partition, and `default` need not be complete.
 */
export function topicCreation(of: SettingsOf): ((topic: string) => NewTopic) | undefined {
  if (setting(of, `${PREFIX}enable`)?.trim().toLowerCase() === 'false') return undefined;
  const groups = listSetting(of, `${PREFIX}groups`, null)
    .filter((name) => name !== 'default')
    .map((name) => ({ name, include: patterns(of, name, 'include'), exclude: patterns(of, name, 'exclude') }));
  const byName = new Map(['default', ...groups.map(({ name }) => name)].map((name) => [name, newTopic(of, name)]));
  return (topic) => byName.get(groups.find((group) => takes(group, topic))?.name ?? 'default') ?? { partitions: 1 };
}

function takes(group: Group, topic: string): boolean {
  const matches = (pattern: RE2JS): boolean => pattern.matches(topic);
  return group.include.some(matches) && !group.exclude.some(matches);
}

function patterns(of: SettingsOf, group: string, name: string): RE2JS[] {
  const key = `${PREFIX}${group}.${name}`;
  return listSetting(of, key, null).map((pattern) => {
    try {
      return RE2JS.compile(pattern);
    } catch (cause) {
      throw new MillraceError('TASK_OPTION_INVALID', `${key}: "${pattern}" is not a regular expression`, {
        kind: 'config',
        key,
        remedy: 'Give a list of RE2 expressions, which have neither look-around nor back references.',
        cause,
      });
    }
  });
}

function newTopic(of: SettingsOf, group: string): NewTopic {
  const config: Record<string, string> = {};
  for (const name of ['default', group]) {
    const prefix = `${PREFIX}${name}.`;
    for (const [key, value] of Object.entries(of.config)) {
      const rest = key.slice(prefix.length);
      if (key.startsWith(prefix) && !OWN_KEYS.has(rest)) config[rest] = value;
    }
  }
  const partitions = partitionCount(of, group) ?? partitionCount(of, 'default') ?? 1;
  return { partitions: partitions === -1 ? 1 : partitions, config };
}

function partitionCount(of: SettingsOf, group: string): number | undefined {
  return numberSetting(of, `${PREFIX}${group}.partitions`, null, -1);
}
