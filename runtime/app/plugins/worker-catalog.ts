import type { PluginCatalog, PluginSummary } from '../../cluster/plugin-catalog.ts';
import type { Connector } from '../../connector/connector.ts';
import { foreignFiles } from '../../connector/allowed-files.ts';
import type { RawConfig } from '../../connector/options.ts';
import type { Log } from '../../connector/context.ts';
import type { Env } from '../../env/env.ts';
import { builtInCatalog, isBuiltIn } from './built-in-catalog.ts';
import { findPlugin, type PluginPlaces } from './plugin-package.ts';
import { PluginThread } from './plugin-thread.ts';
import { remotePlugin } from './remote-plugin.ts';

export interface WorkerCatalogOptions {
  readonly env: Env;
  readonly log: Log;
  readonly places: PluginPlaces;
  readonly maxHeapMb: number;
  readonly maxExternalMb: number;
  /** The worker's configuration; absent: nothing is limited. */
  readonly worker?: RawConfig;
}

interface Loaded {
  /** Of the package when it was loaded: one that was installed anew is loaded again. */
  readonly state: string;
  readonly thread: PluginThread;
  readonly connector: Promise<Connector>;
  /** Once its declaration is here. */
  summary: PluginSummary | null;
}

/** What this build has, and third-party connectors by the name of their package, loaded when first named. */
export function workerCatalog(options: WorkerCatalogOptions): PluginCatalog & { close(): Promise<void> } {
  const plugins = new Plugins(options);
  return {
    ...builtInCatalog,
    list: () => plugins.list(),
    connector: (className) => plugins.connector(className.trim()),
    foreignFiles: (connector, config) => foreignFiles(connector, config, options.worker ?? {}, options.env),
    kindOf: (className) => plugins.kindOf(className.trim()) ?? builtInCatalog.kindOf(className),
    close: () => plugins.close(),
  };
}

class Plugins {
  readonly #options: WorkerCatalogOptions;
  readonly #loaded = new Map<string, Loaded>();

  constructor(options: WorkerCatalogOptions) {
    this.#options = options;
  }

  /** Third-party connectors are listed once they have been named. */
  list(): readonly PluginSummary[] {
    const own = builtInCatalog.list();
    const more = [...this.#loaded.values()].flatMap(({ summary }) => (summary === null ? [] : [summary]));
    const first = own.findIndex(({ kind }) => kind !== 'source' && kind !== 'sink');
    const connectors = [...own.slice(0, first), ...more].toSorted((a, b) => (a.className < b.className ? -1 : 1));
    return [...connectors, ...own.slice(first)];
  }

  async connector(name: string): Promise<Connector | null> {
    if (isBuiltIn(name)) return builtInCatalog.connector(name);
    const plugin = await findPlugin(this.#options.env.files, name, this.#options.places);
    const before = this.#loaded.get(name);
    if (plugin !== null && before?.state === plugin.state) return before.connector;
    this.#loaded.delete(name);
    void before?.thread.close();
    if (plugin === null) return null;
    const { env, log, maxHeapMb, maxExternalMb } = this.#options;
    const thread = new PluginThread({ className: name, plugin, env, log, maxHeapMb, maxExternalMb });
    const loaded: Loaded = { state: plugin.state, thread, connector: this.#load(name, thread), summary: null };
    this.#loaded.set(name, loaded);
    return loaded.connector;
  }

  kindOf(name: string): Connector['kind'] | null {
    const kind = this.#loaded.get(name)?.summary?.kind;
    return kind === 'source' || kind === 'sink' ? kind : null;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#loaded.values()].map(({ thread }) => thread.close()));
  }

  async #load(name: string, thread: PluginThread): Promise<Connector> {
    try {
      const declaration = await thread.declaration();
      const { className, version, kind } = declaration;
      const loaded = this.#loaded.get(name);
      if (loaded?.thread === thread) loaded.summary = { className, aliases: [], kind, version };
      return remotePlugin(declaration, thread);
    } catch (error) {
      // Asked for again, it is tried again.
      if (this.#loaded.get(name)?.thread === thread) this.#loaded.delete(name);
      throw error;
    }
  }
}
