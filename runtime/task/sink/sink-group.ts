import type { RawConfig } from '../../connector/options.ts';

/** The consumer group of a sink connector, as Kafka Connect names it. */
export function sinkGroup(connector: string, config: RawConfig): string {
  return config['consumer.override.group.id']?.trim() ?? `connect-${connector}`;
}

/**
 * Metadata of an offset at which a group began, of which nothing is in the target yet. It is committed all the same:
 * a later start that chose anew, the earliest record or the latest by then, would pass over what was read and not
 * finished (I1).
 */
export const BEGUN = 'begun';
