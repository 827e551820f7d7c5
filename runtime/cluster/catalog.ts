import type { Connector } from '../connector/connector.ts';
import type { OptionSet } from '../connector/options.ts';

export type PluginKind = 'source' | 'sink' | 'converter' | 'header_converter' | 'transformation' | 'predicate';

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
  /** Options of a plugin that is not a connector. */
  find(kind: Exclude<PluginKind, 'source' | 'sink'>, className: string): OptionSet | null;
}
