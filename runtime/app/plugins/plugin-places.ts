import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PluginPlaces } from './plugin-package.ts';

interface PluginSettings {
  readonly options: { readonly 'plugin.path': readonly string[]; readonly 'millrace.plugin.paths.enable': boolean };
}

/** The folders of `plugin.path`, and where millrace itself is installed beside connectors. */
export function pluginPlaces({ options }: PluginSettings): PluginPlaces {
  const folders = options['plugin.path'].map((folder) => resolve(folder));
  const beside = installedBeside(fileURLToPath(import.meta.url));
  return {
    folders: beside === null || folders.includes(beside) ? folders : [...folders, beside],
    paths: options['millrace.plugin.paths.enable'],
  };
}

/** `/app` where this file is `/app/node_modules/millrace/…`; null where it runs from its sources. */
export function installedBeside(path: string): string | null {
  const at = path.lastIndexOf(`${sep}node_modules${sep}millrace${sep}`);
  return at < 0 ? null : path.slice(0, at) || sep;
}
