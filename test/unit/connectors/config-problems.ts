import type { Connector } from '../../../runtime/connector/connector.ts';
import { checkOptions, type OptionError, type RawConfig } from '../../../runtime/connector/options.ts';

/** What is wrong with a configuration: by its options each, and as a whole. */
export function configProblems(
  connector: Connector,
  config: RawConfig,
): readonly Pick<OptionError, 'key' | 'message'>[] {
  return [...checkOptions(connector.options, config).errors, ...(connector.validate?.(config) ?? [])];
}
