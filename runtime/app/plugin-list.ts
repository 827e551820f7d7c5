import { pluginOptions, type PluginSummary } from '../cluster/catalog.ts';
import type { ConfigKeyInfo } from '../connector/config-def.ts';
import { builtInCatalog } from './catalog.ts';

export function listPlugins(): readonly PluginSummary[] {
  return builtInCatalog.list();
}

/** The options of a plugin; null: there is none of this name. */
export function describePlugin(className: string): Promise<readonly ConfigKeyInfo[] | null> {
  return pluginOptions(builtInCatalog, className);
}
