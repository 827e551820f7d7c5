import { createHash } from 'node:crypto';
import type { Log } from '../connector/context.ts';
import type { RawConfig } from '../connector/options.ts';
import { messageOf } from '../record/thrown.ts';
import type { ConfigProviders } from '../settings/providers.ts';
import type { ConfigStore } from '../store/configs.ts';

interface ReloadOptions {
  readonly configs: ConfigStore;
  readonly providers: ConfigProviders;
  readonly log: Log;
}

/**
 * Notices that variables of a configuration stand for something else than when its connector was started
 * (Connect's `config.action.reload`). Keeps digests, not values.
 */
export class ConfigReload {
  readonly #options: ReloadOptions;
  readonly #started = new Map<string, string>();
  /** Told of and not started anew since: told once. */
  readonly #told = new Map<string, string>();
  /** Connectors whose variables could not be read when last looked at: said once. */
  readonly #unreadable = new Set<string>();

  constructor(options: ReloadOptions) {
    this.#options = options;
  }

  /** Remembers what a connector was started with. */
  started(name: string, resolved: RawConfig): void {
    this.#started.set(name, digest(resolved));
    this.#told.delete(name);
  }

  /** Connectors to start anew. `setback`: why one could not be started, which a file that is back may mend. */
  async changed(setback: (name: string) => string | null): Promise<readonly string[]> {
    const { configs } = this.#options;
    const changed: string[] = [];
    for (const name of configs.names()) {
      const stored = configs.get(name);
      if (stored === null || stored.target === 'STOPPED' || !reloads(stored.config)) continue;
      const now = await this.#look(name, stored.config);
      if (now === null) continue;
      const before = this.#started.get(name);
      const mended = setback(name)?.includes('CONFIG_VARIABLE_UNRESOLVED') === true;
      const differs = mended || (before !== undefined && before !== now);
      if (!differs || this.#told.get(name) === now) continue;
      this.#told.set(name, now);
      changed.push(name);
    }
    return changed;
  }

  /** A file that is gone or half written for a moment stops nothing that runs. */
  async #look(name: string, config: RawConfig): Promise<string | null> {
    try {
      const now = digest(await this.#options.providers.resolve(config));
      this.#unreadable.delete(name);
      return now;
    } catch (error) {
      const message = messageOf(error);
      if (!this.#unreadable.has(name)) {
        this.#options.log.warn(`what the configuration refers to cannot be read now: ${message}`, { connector: name });
      }
      this.#unreadable.add(name);
      return null;
    }
  }
}

function reloads(config: RawConfig): boolean {
  if (config['config.action.reload']?.trim().toLowerCase() === 'none') return false;
  return Object.values(config).some((value) => value.includes('${'));
}

function digest(config: RawConfig): string {
  const keys = Object.keys(config).toSorted();
  return createHash('sha256')
    .update(JSON.stringify(keys.map((key) => [key, config[key]])))
    .digest('base64');
}
