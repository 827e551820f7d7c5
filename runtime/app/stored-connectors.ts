import type { RawConfig } from '../connector/options.ts';
import { realEnv } from '../env/real.ts';
import type { Hub } from '../hub/port.ts';
import { MillraceError } from '../record/error.ts';
import type { WorkerSettings } from '../settings/worker-settings.ts';
import { builtInCatalog } from './plugins/built-in-catalog.ts';
import { configVault } from './config-vault.ts';
import { readTopic } from './verify/read-topic.ts';

const CONNECTOR = 'connector-';

/** Configurations of the connectors of a hub that is open for reading, by name. */
export async function storedConfigs(
  hub: Hub,
  settings: WorkerSettings,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, RawConfig>> {
  const topic = settings.options['config.storage.topic'];
  const vault = await configVault(settings, realEnv, builtInCatalog);
  const found = new Map<string, RawConfig>();
  await readTopic(hub, topic, signal, (record) => {
    const key = record.key()?.toString() ?? '';
    if (!key.startsWith(CONNECTOR)) return;
    const name = key.slice(CONNECTOR.length);
    const text = record.value()?.toString();
    if (text === undefined) found.delete(name);
    else {
      const { properties } = JSON.parse(text) as { properties: RawConfig };
      found.set(name, vault?.open(name, properties) ?? properties);
    }
  });
  return found;
}

/** The configuration of one of them. `code`: of the error where there is none. */
export function configOf(connectors: ReadonlyMap<string, RawConfig>, name: string, code: string): RawConfig {
  const config = connectors.get(name);
  if (config !== undefined) return config;
  const names = [...connectors.keys()];
  throw new MillraceError(code, `the hub in this directory has no connector ${name}`, {
    kind: 'missing',
    remedy: names.length === 0 ? 'Give the directory of the hub with --hub.' : `It has: ${names.join(', ')}.`,
  });
}
