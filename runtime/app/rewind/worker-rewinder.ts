import { connectorNotFound } from '../../cluster/connector-errors.ts';
import type { PluginCatalog } from '../../cluster/plugin-catalog.ts';
import { namedConnector, resolveConfig } from '../../cluster/config-checks.ts';
import type { Herder } from '../../cluster/herder.ts';
import { ConnectorOffsetEditor, type OffsetAccess } from '../../cluster/offset-editor.ts';
import type { ConnectorCall, SourceConnector } from '../../connector/connector.ts';
import type { Log } from '../../connector/context.ts';
import type { RawConfig } from '../../connector/options.ts';
import type { SourceOffset } from '../../connector/source.ts';
import type { Env } from '../../env/env.ts';
import type { Hub } from '../../hub/port.ts';
import type { Redactor } from '../../observe/redactor.ts';
import { MillraceError } from '../../record/error.ts';
import type { Rewind, Rewinder, RewindPartition, RewindPlace, RewindRequest } from '../../rest/rewind-answers.ts';
import type { ConfigProviders } from '../../settings/providers.ts';
import type { ConfigStore } from '../../store/configs.ts';
import { readsTopic } from '../plan/hub-tail.ts';
import { sinkSettings } from '../../task/sink/sink-settings.ts';
import { sinkRewind } from './sink-rewind.ts';

export interface RewinderOptions {
  readonly herder: Herder;
  readonly hub: Hub;
  readonly env: Env;
  readonly log: Log;
  readonly catalog: PluginCatalog;
  readonly providers: ConfigProviders;
  readonly configs: ConfigStore;
  readonly offsets: OffsetAccess;
  readonly redactor: Redactor;
  readonly worker: RawConfig;
}

/**
 * Takes connectors back. Procedure: find what would be read again; stop the connector; find it anew, for
 * it has gone on meanwhile; alter the offsets; let the connector go on as before. A worker that dies in
 * between leaves it stopped, with the old offsets or the new ones.
 */
export class WorkerRewinder implements Rewinder {
  readonly #options: RewinderOptions;
  readonly #editor: ConnectorOffsetEditor;

  constructor(options: RewinderOptions) {
    this.#options = options;
    this.#editor = new ConnectorOffsetEditor(options);
  }

  /** What it says is without secrets: a topic may have its name from a variable (I9). */
  async rewind(name: string, request: RewindRequest, signal: AbortSignal): Promise<Rewind> {
    const { partitions, ...rewind } = await this.#rewind(name, request, signal);
    return { ...rewind, partitions: this.#options.redactor.hideIn(partitions) as typeof partitions };
  }

  async #rewind(name: string, { to, dryRun }: RewindRequest, signal: AbortSignal): Promise<Rewind> {
    const stored = this.#options.configs.get(name);
    if (stored === null) throw connectorNotFound(name);
    const looked = await this.#look(name, stored.config, to, signal);
    if (dryRun || looked.partitions.length === 0) return looked;
    return this.#options.herder.whileStopped(name, async (config) => {
      const rewind = await this.#look(name, config, to, signal);
      if (rewind.partitions.length === 0) return rewind;
      await this.#alter(name, config, rewind.partitions, signal);
      const { records, bytes } = rewind;
      this.#options.log.info('connector rewound', { connector: name, records, bytes });
      return { ...rewind, done: true };
    });
  }

  async #look(name: string, config: RawConfig, to: RewindPlace, signal: AbortSignal): Promise<Rewind> {
    const { env, log, catalog, hub, providers, redactor } = this.#options;
    const connector = await namedConnector(catalog, config);
    const resolved = await resolveConfig(connector, config, providers, redactor);
    const call: ConnectorCall = { name, config: resolved, env, log, signal };
    if (connector.kind === 'source') return rewindOf(name, 'source', await this.#source(connector, call, to));
    const committed = await this.#editor.committed(name, resolved);
    const spec = { connector: name, task: 0, epoch: 0, className: connector.className, paused: false, tasks: 1 };
    const reads = readsTopic(sinkSettings({ ...spec, config: resolved, worker: this.#options.worker }).topics);
    const own = committed.filter(({ topic }) => reads(topic));
    return rewindOf(name, 'sink', await sinkRewind(hub, connector, call, own, to));
  }

  async #source(connector: SourceConnector, call: ConnectorCall, to: RewindPlace): Promise<readonly RewindPartition[]> {
    if (connector.rewind === undefined || to.kind === 'offsets') throw unsupported(connector, to);
    const { offsets } = await this.#editor.read(call.name, connector, call.signal, call.config);
    const stored = offsets.filter((one): one is SourceOffset => one.offset !== null);
    return connector.rewind(call, stored, to);
  }

  async #alter(
    name: string,
    config: RawConfig,
    partitions: readonly RewindPartition[],
    signal: AbortSignal,
  ): Promise<void> {
    const { catalog, providers, redactor } = this.#options;
    const connector = await namedConnector(catalog, config);
    const resolved = await resolveConfig(connector, config, providers, redactor);
    const changes = partitions.map(({ partition, to }) => ({ partition, offset: to }));
    await this.#editor.alter(name, connector, resolved, changes, signal);
  }
}

function rewindOf(name: string, type: Rewind['type'], partitions: readonly RewindPartition[]): Rewind {
  const notes = partitions.length === 0 ? ['it stands at or before that place already: nothing is read again'] : [];
  return {
    name,
    type,
    done: false,
    partitions,
    records: sum(partitions, 'records'),
    bytes: sum(partitions, 'bytes'),
    notes,
  };
}

function sum(partitions: readonly RewindPartition[], of: 'records' | 'bytes'): number | null {
  let total: number | null = 0;
  for (const one of partitions) total = total === null || one[of] === null ? null : total + one[of];
  return total;
}

function unsupported({ className, rewind }: SourceConnector, { kind }: RewindPlace): MillraceError {
  const message =
    rewind === undefined
      ? `${className} cannot say what going back would read again`
      : 'the offsets of a source are not by topic partition';
  return new MillraceError('REWIND_UNSUPPORTED', message, {
    kind: 'config',
    key: kind,
    remedy:
      'Stop the connector and alter its offsets in its own form: `millrace connectors offsets NAME` shows them, --set changes them.',
  });
}
