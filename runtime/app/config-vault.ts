import type { PluginCatalog } from '../cluster/plugin-catalog.ts';
import { sinkOptions, sourceOptions } from '../connector/connector-options.ts';
import type { OptionSet, RawConfig } from '../connector/options.ts';
import { redact } from '../connector/secrets.ts';
import type { Env } from '../env/env.ts';
import { SecretVault, type SecretTest } from '../settings/secret-vault.ts';
import type { WorkerSettings } from '../settings/worker-settings.ts';

/** The vault of the file that the worker's settings name; undefined: secrets are stored as they are given. */
export async function configVault(
  { options }: WorkerSettings,
  env: Env,
  catalog: PluginCatalog,
): Promise<SecretVault | undefined> {
  const path = options['millrace.config.secret.file'];
  if (path === undefined) return undefined;
  return SecretVault.read(env, path, (config) => secretTest(config, catalog));
}

/** What answers hide is what is sealed. A connector that cannot be loaded is judged by the names of its options. */
async function secretTest(config: RawConfig, catalog: PluginCatalog): Promise<SecretTest> {
  const connector = await catalog.connector(config['connector.class'] ?? '').catch(() => null);
  const sets: OptionSet[] = [sourceOptions, sinkOptions];
  if (connector !== null) sets.unshift(connector.options);
  return (key, value) => redact(sets, { [key]: value })[key] !== value;
}
