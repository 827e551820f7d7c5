import { configInfos, type ConfigInfos, type ConfigKeyInfo } from '../connector/config-def.ts';
import type { Connector } from '../connector/connector.ts';
import { sinkOptions, sourceOptions } from '../connector/connector-options.ts';
import type { Log } from '../connector/context.ts';
import type { RawConfig } from '../connector/options.ts';
import type { Env } from '../env/env.ts';
import { MillraceError } from '../record/error.ts';
import type { Redactor, SecretListener } from '../observe/redactor.ts';
import type { ConfigProviders } from '../settings/providers.ts';
import type { ConnectorCheck } from './answers.ts';
import { pluginOptions, type PluginCatalog } from './plugin-catalog.ts';
import { checkResolved, hiddenErrors, invalidConfig, namedConnector, withName } from './config-checks.ts';
import { checkConnector } from './connector-check.ts';

interface GateOptions {
  readonly env: Env;
  readonly log: Log;
  readonly catalog: PluginCatalog;
  readonly providers: ConfigProviders;
  /** Told of every secret that is seen. */
  readonly redactor?: Redactor;
}

/** Holds configurations against what this worker can run. Stores nothing. */
export class ConfigGate {
  readonly #options: GateOptions;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** The options of a plugin; null: there is none of this name. */
  async pluginConfig(className: string): Promise<readonly ConfigKeyInfo[] | null> {
    return pluginOptions(this.#options.catalog, className);
  }

  /** Validates a configuration; changes nothing, needs no network. */
  async validate(className: string, config: RawConfig): Promise<ConfigInfos> {
    return this.#looking((secrets) => this.#validate(className, config, secrets));
  }

  /** What is looked at is not kept: neither are its secrets. */
  async #looking<T>(work: (secrets: SecretListener | undefined) => Promise<T>): Promise<T> {
    const { redactor } = this.#options;
    return redactor === undefined ? work(undefined) : redactor.during(work);
  }

  async #validate(className: string, config: RawConfig, secrets: SecretListener | undefined): Promise<ConfigInfos> {
    const { catalog, providers } = this.#options;
    const connector = await namedConnector(catalog, config);
    const requested = await catalog.connector(className);
    const given = config['connector.class'] ?? '';
    if (requested?.className !== connector.className) {
      const message = `Included connector type ${given} does not match request type ${className}`;
      const remedy = 'Validate it under the type that its connector.class names.';
      throw new MillraceError('CONFIG_INVALID', message, { kind: 'config', key: 'connector.class', remedy });
    }
    const { sets, errors } = await checkResolved(connector, config, catalog, providers, secrets);
    return configInfos(connector.className, sets, config, errors);
  }

  /** Looks upstream for what would keep a connector of this configuration from working; one that is invalid is refused. */
  async check(name: string, config: RawConfig, signal: AbortSignal): Promise<ConnectorCheck> {
    return this.#looking((secrets) => this.#check(name, config, signal, secrets));
  }

  async #check(name: string, config: RawConfig, signal: AbortSignal, secrets: SecretListener | undefined) {
    const { catalog, providers, env, log } = this.#options;
    const named = withName(name, config);
    const connector = await namedConnector(catalog, named);
    const { errors } = await checkResolved(connector, named, catalog, providers, secrets);
    if (errors.length > 0) throw invalidConfig(errors);
    return checkConnector(name, connector, await providers.resolve(named), { env, log, signal });
  }

  /** All or nothing: throws before anything is stored. `given` is what was sent, `complete` has its hidden secrets again. */
  async accept(name: string, given: RawConfig, complete: RawConfig): Promise<Connector> {
    const { catalog, providers, log, redactor } = this.#options;
    if (given['name'] !== name) {
      const message = `Connector name configuration (${given['name']}) doesn't match connector name in the URL (${name})`;
      const remedy = 'Leave name out, or give it as in the URL.';
      throw new MillraceError('CONFIG_INVALID', message, { kind: 'config', key: 'name', remedy });
    }
    const connector = await namedConnector(catalog, complete, [sourceOptions, sinkOptions]);
    const hidden = hiddenErrors(complete);
    if (hidden.length > 0) throw invalidConfig(hidden);
    const { errors, unknown, inert } = await checkResolved(connector, complete, catalog, providers, redactor);
    if (errors.length > 0) throw invalidConfig(errors);
    const unread = [...unknown, ...inert];
    if (unread.length > 0) log.warn('configuration has keys that nothing reads', { connector: name, keys: unread });
    return connector;
  }
}
