import type { RawConfig } from '../connector/options.ts';
import type { Env } from '../env/env.ts';
import { MillraceError } from '../record/error.ts';
import { parseProperties } from './properties.ts';

/** What a config provider answers with: a key's value, or undefined. */
interface Provider {
  get(path: string, key: string): Promise<string | undefined>;
}

const VARIABLE = /\$\{([^}:]*):(?:([^}]*?):)?([^}:]+)\}/g;

/**
 * Resolves `${provider:[path:]key}` in configuration values, as Kafka's config providers do:
 * `${env:NAME}`, `${file:/path/to.properties:key}`, `${dir:/path:file}`. Resolved values are handed
 * to tasks and never stored (I9).
 */
export class ConfigProviders {
  readonly #providers: ReadonlyMap<string, Provider>;

  constructor(env: Env, variables: Readonly<Record<string, string | undefined>>) {
    this.#providers = new Map<string, Provider>([
      ['env', { get: async (_path, key) => variables[key] }],
      ['file', { get: async (path, key) => parseProperties(await readText(env, path))[key] }],
      ['dir', { get: async (path, key) => (key.includes('/') ? undefined : readText(env, `${path}/${key}`)) }],
    ]);
  }

  /** All values with their variables replaced. Names of unknown providers stay as they are, as in Kafka. */
  async resolve(config: RawConfig): Promise<RawConfig> {
    const resolved: Record<string, string> = {};
    for (const [key, value] of Object.entries(config)) {
      resolved[key] = value.includes('${') ? await this.#replace(key, value) : value;
    }
    return resolved;
  }

  async #replace(option: string, text: string): Promise<string> {
    let replaced = '';
    let at = 0;
    for (const match of text.matchAll(VARIABLE)) {
      const [whole, name = '', path = '', key = ''] = match;
      const provider = this.#providers.get(name);
      if (provider === undefined) continue;
      replaced += text.slice(at, match.index) + (await this.#value(option, provider, whole, path, key));
      at = match.index + whole.length;
    }
    return replaced + text.slice(at);
  }

  async #value(option: string, provider: Provider, whole: string, path: string, key: string): Promise<string> {
    let value: string | undefined;
    let cause: unknown;
    try {
      value = await provider.get(path, key);
    } catch (error) {
      cause = error;
    }
    if (value !== undefined) return value;
    throw new MillraceError('CONFIG_VARIABLE_UNRESOLVED', `${option}: ${whole} names nothing this worker can read`, {
      kind: 'config',
      key: option,
      remedy: `Provide ${whole} to the worker, or change ${option}.`,
      cause,
    });
  }
}

async function readText(env: Env, path: string): Promise<string> {
  return (await env.files.readFile(path)).toString('utf8');
}

/**
 * Puts variables back into a configuration derived from a resolved one, where a value is the
 * resolved one of the same key: what is stored must not hold secrets.
 */
export function unresolve(derived: RawConfig, raw: RawConfig, resolved: RawConfig): RawConfig {
  const stored: Record<string, string> = {};
  for (const [key, value] of Object.entries(derived)) {
    const original = raw[key];
    stored[key] = original !== undefined && resolved[key] === value ? original : value;
  }
  return stored;
}
