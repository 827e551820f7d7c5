import type { RawConfig } from '../../connector/options.ts';

/** The consumer group of a sink connector, as Kafka Connect names it. */
export function sinkGroup(connector: string, config: RawConfig): string {
  return config['consumer.override.group.id']?.trim() ?? `connect-${connector}`;
}
