import { configKeys, type ConfigKeyInfo } from '../connector/config-def.ts';
import { sinkOptions, sourceOptions } from '../connector/connector-options.ts';
import type { Connector } from '../connector/connector.ts';
import type { OptionError, OptionSet, RawConfig } from '../connector/options.ts';
import type { PluginOptions } from '../connector/validate.ts';

type PluginKind = 'source' | 'sink' | 'converter' | 'header_converter' | 'transformation' | 'predicate';

export interface PluginSummary {
  readonly className: string;
  readonly aliases: readonly string[];
  readonly kind: PluginKind;
  readonly version: string;
}

/** What can be configured on this worker. Nothing is loaded before it is asked for. */
export interface PluginCatalog {
  /** Connectors first, then everything else, each by class name. */
  list(): readonly PluginSummary[];
  /** By class name or alias; Java's short forms (without package, without "Connector") included. null: none. */
  connector(className: string): Promise<Connector | null>;
  /** Of the same names as `connector`, without loading it. */
  kindOf(className: string): Connector['kind'] | null;
  /** Loads transforms and predicates; to be awaited before `find` and `problem` are asked for one. */
  readonly prepare?: () => Promise<void>;
  /** Options of a plugin that is not a connector. */
  find(kind: Exclude<PluginKind, 'source' | 'sink'>, className: string): OptionSet | null;
  /** What a connector's files are that this worker does not let it touch. */
  readonly foreignFiles?: (connector: Connector, config: RawConfig) => Promise<readonly OptionError[]>;
  readonly problem?: NonNullable<PluginOptions['problem']>;
  readonly meant?: NonNullable<PluginOptions['meant']>;
}

const OTHER_KINDS = ['converter', 'header_converter', 'transformation', 'predicate'] as const;

/** The options of a plugin; a connector's own first, then those of all connectors. null: there is none of this name. */
export async function pluginOptions(
  catalog: PluginCatalog,
  className: string,
): Promise<readonly ConfigKeyInfo[] | null> {
  const connector = await catalog.connector(className);
  if (connector !== null) {
    return configKeys([connector.options, connector.kind === 'source' ? sourceOptions : sinkOptions]);
  }
  await catalog.prepare?.();
  const set = OTHER_KINDS.map((kind) => catalog.find(kind, className)).find((one) => one !== null);
  return set === undefined ? null : configKeys([set]);
}
