import { sinkOptions, sourceOptions } from '../connector/connector-options.ts';
import { findOption, HIDDEN, type OptionSet, type RawConfig } from '../connector/options.ts';
import { redact } from '../connector/secrets.ts';
import type { PluginCatalog } from './plugin-catalog.ts';

/**
 * A stored configuration as answers show it (I9). Where its connector is not loaded: of a built-in one the
 * names of options tell which are secret; of another one nobody knows, so only what all connectors share is shown.
 */
export function shownConfig(config: RawConfig, options: OptionSet | undefined, catalog: PluginCatalog): RawConfig {
  if (options !== undefined) return redact([options], config);
  const shown = redact([], config);
  if (catalog.kindOf(config['connector.class']?.trim() ?? '') !== null) return shown;
  const entries = Object.entries(shown).map(([key, value]): [string, string] => [
    key,
    isShared(key) ? value : hide(value),
  ]);
  return Object.fromEntries(entries);
}

const SHARED = [sourceOptions, sinkOptions];

function isShared(key: string): boolean {
  return key === 'name' || key === 'connector.class' || SHARED.some((set) => findOption(set, key) !== undefined);
}

/** Variables are no secrets. */
function hide(value: string): string {
  return /^\$\{[^}]*\}$/.test(value) ? value : HIDDEN;
}
