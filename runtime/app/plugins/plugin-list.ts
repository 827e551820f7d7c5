import { pluginOptions, type PluginSummary } from '../../cluster/plugin-catalog.ts';
import type { ConfigKeyInfo } from '../../connector/config-def.ts';
import { realEnv } from '../../env/real.ts';
import { silentLog } from '../silent-log.ts';
import { builtInCatalog } from './built-in-catalog.ts';
import { workerCatalog } from './worker-catalog.ts';
import { pluginPlaces } from './plugin-places.ts';

/** Where a worker started here without a configuration would look, and paths: whoever types one may run it. */
const HERE = { options: { 'plugin.path': ['.'], 'millrace.plugin.paths.enable': true } };

export function listPlugins(): readonly PluginSummary[] {
  return builtInCatalog.list();
}

/** The options of a plugin, or of a package that is a connector; null: there is none of this name. */
export async function describePlugin(className: string): Promise<readonly ConfigKeyInfo[] | null> {
  const catalog = workerCatalog({
    env: realEnv,
    log: silentLog,
    places: pluginPlaces(HERE),
    maxHeapMb: 512,
    maxExternalMb: 1024,
  });
  try {
    return await pluginOptions(catalog, className);
  } finally {
    await catalog.close();
  }
}
