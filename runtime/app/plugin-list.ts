import type { PluginSummary } from '../cluster/catalog.ts';
import { configKeys, type ConfigKeyInfo } from '../connector/config-def.ts';
import { sinkOptions, sourceOptions } from '../connector/connector-options.ts';
import { builtInCatalog } from './catalog.ts';

export function listPlugins(): readonly PluginSummary[] {
  return builtInCatalog.list();
}

/** The options of a plugin; a connector's own first, then those of all connectors. null: no such plugin. */
export async function describePlugin(className: string): Promise<readonly ConfigKeyInfo[] | null> {
  const connector = await builtInCatalog.connector(className);
  if (connector !== null) {
    return configKeys([connector.options, connector.kind === 'source' ? sourceOptions : sinkOptions]);
  }
  const set = builtInCatalog.find('header_converter', className);
  return set === null ? null : configKeys([set]);
}
