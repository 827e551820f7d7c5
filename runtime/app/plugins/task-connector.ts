import type { Connector } from '../../connector/connector.ts';
import { realEnv } from '../../env/real.ts';
import { isBuiltIn, loadConnector } from './built-in-catalog.ts';
import { findPlugin, type PluginPlaces } from './plugin-package.ts';
import { loadPlugin } from './plugin-module.ts';

/** The connector of a task in this very thread: a third-party one has it to itself (D9). */
export async function taskConnector(className: string, places: PluginPlaces): Promise<Connector> {
  if (isBuiltIn(className)) return loadConnector(className);
  const plugin = await findPlugin(realEnv.files, className, places);
  // Gone since it was planned: the error that names what there is.
  return plugin === null ? loadConnector(className) : loadPlugin(className, plugin);
}
