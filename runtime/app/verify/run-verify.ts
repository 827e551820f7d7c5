import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RawConfig } from '../../connector/options.ts';
import type { SourceConnector } from '../../connector/connector.ts';
import type { Log } from '../../connector/context.ts';
import { realEnv } from '../../env/real.ts';
import { openHubForReading } from '../../hub/embedded/open.ts';
import type { Hub } from '../../hub/port.ts';
import { MillraceError } from '../../record/error.ts';
import { ConfigProviders } from '../../settings/providers.ts';
import { readWorkerConfig, workerSettings, type WorkerSettings } from '../../settings/worker-settings.ts';
import { builtInCatalog, isBuiltIn } from '../plugins/built-in-catalog.ts';
import type { PluginPlaces } from '../plugins/plugin-package.ts';
import { pluginPlaces } from '../plugins/plugin-places.ts';
import { taskConnector } from '../plugins/task-connector.ts';
import { configOf, storedConfigs } from '../stored-connectors.ts';
import { archiveCopy } from './archive-copy.ts';
import { loadDuckdb } from './archive-state.ts';
import { findArchive } from './find-archive.ts';
import { refuseArchive, refuseSource } from './comparable.ts';
import { indexCopy } from './index-copy.ts';
import { verifyElsewhere } from './verify-elsewhere.ts';
import { verify, type NamedCopy, type VerifyReport } from './verify.ts';

export interface RunVerifyOptions {
  readonly name: string;
  /** Sinks or folders of archives to compare too. */
  readonly archives?: readonly string[];
  /** Sinks of search indexes to compare too. */
  readonly indexes?: readonly string[];
  readonly hubPath: string;
  /** The worker's configuration file, if it has one. */
  readonly workerConfig: string | undefined;
  readonly waitMs: number;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

const UNKNOWN = 'VERIFY_UNKNOWN_CONNECTOR';

/**
 * Verifies a source connector of the hub in a directory, beside the worker that writes it. A third-party
 * connector is verified in a thread of its own.
 */
export async function runVerify(options: RunVerifyOptions): Promise<VerifyReport> {
  const { hub, settings } = await openPlace(options);
  let className: string;
  try {
    const connectors = await storedConfigs(hub, settings, options.signal);
    className = configOf(connectors, options.name, UNKNOWN)['connector.class'] ?? '';
  } finally {
    await hub.close();
  }
  return isBuiltIn(className) ? verifyHere(options) : verifyElsewhere(className, options);
}

/** The hub, and the worker's settings beside it. */
async function openPlace({ hubPath, workerConfig }: RunVerifyOptions): Promise<{ hub: Hub; settings: WorkerSettings }> {
  const given = workerConfig === undefined ? {} : await readWorkerConfig(realEnv, workerConfig);
  const settings = workerSettings({ ...given, 'millrace.hub.path': hubPath });
  return { hub: await openHubForReading({ path: hubPath, env: realEnv }), settings };
}

/** Verifies in this very thread, with the code of the connector in it. */
export async function verifyHere(options: RunVerifyOptions): Promise<VerifyReport> {
  const { name, signal, waitMs, log, progress, archives = [], indexes = [] } = options;
  if (archives.length > 0) await loadDuckdb(); // its lack is told before anything is waited for
  const { hub, settings } = await openPlace(options);
  const temporary = await mkdtemp(join(tmpdir(), 'millrace-verify-'));
  try {
    const connectors = await storedConfigs(hub, settings, signal);
    const providers = new ConfigProviders(realEnv, options.variables, settings.effective);
    const config = await providers.resolve(configOf(connectors, name, UNKNOWN));
    const worker = settings.effective;
    const connector = await sourceConnector(name, config, pluginPlaces(settings));
    refuseSource(name, { config, worker });
    const copies: NamedCopy[] = [];
    for (const named of archives) {
      const resolve = (stored: RawConfig): Promise<RawConfig> => providers.resolve(stored);
      const archive = await findArchive({ named, connectors, resolve, env: realEnv, signal, temporary });
      if (archive.sink !== undefined) refuseArchive(named, { config: archive.sink.config, worker });
      copies.push(archiveCopy({ hub, env: realEnv, archive, waitMs }));
    }
    for (const named of indexes) {
      const sink = { name: named, config: await providers.resolve(await searchSink(connectors, named)) };
      copies.push(indexCopy({ hub, env: realEnv, sink, source: { config, worker }, waitMs }));
    }
    return await verify({ hub, name, connector, config, worker, env: realEnv, log, signal, waitMs, progress, copies });
  } finally {
    await hub.close();
    await rm(temporary, { recursive: true, force: true });
  }
}

async function searchSink(connectors: ReadonlyMap<string, RawConfig>, name: string): Promise<RawConfig> {
  const config = configOf(connectors, name, UNKNOWN);
  const className = config['connector.class'] ?? '';
  const connector = await builtInCatalog.connector(className);
  if (connector?.className === 'elasticsearch') return config;
  throw new MillraceError('VERIFY_NO_INDEX', `connector ${name} (${className}) writes no search index`, {
    kind: 'config',
    key: '--index',
    remedy: 'Name a sink of Elasticsearch or OpenSearch.',
  });
}

async function sourceConnector(name: string, config: RawConfig, places: PluginPlaces): Promise<SourceConnector> {
  const connector = await taskConnector(config['connector.class'] ?? '', places);
  if (connector.kind === 'source') return connector;
  throw new MillraceError('VERIFY_NO_SOURCE', `connector ${name} is a sink`, {
    kind: 'config',
    remedy: `Verify the source whose topics it reads; its archive is compared with --archive ${name}.`,
  });
}
