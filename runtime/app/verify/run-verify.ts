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
import { isBuiltIn } from '../plugins/built-in-catalog.ts';
import type { PluginPlaces } from '../plugins/plugin-package.ts';
import { pluginPlaces } from '../plugins/plugin-places.ts';
import { taskConnector } from '../plugins/task-connector.ts';
import { configOf, storedConfigs } from '../stored-connectors.ts';
import { archiveCopy } from './archive-copy.ts';
import { loadDuckdb } from './duckdb.ts';
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

/** Who reads, in errors. */
const VERIFY = '`millrace verify`';
const UNKNOWN = 'VERIFY_UNKNOWN_CONNECTOR';

/**
 * Verifies a source connector of the hub in a directory, beside the worker that writes it. A third-party
 * connector is verified in a thread of its own.
 */
export async function runVerify(options: RunVerifyOptions): Promise<VerifyReport> {
  const { hub, settings } = await openPlace(options);
  let foreign: string | undefined;
  try {
    const connectors = await storedConfigs(hub, settings, options.signal);
    const named = [options.name, ...(options.indexes ?? [])];
    const classes = named.map((name) => configOf(connectors, name, UNKNOWN)['connector.class'] ?? '');
    foreign = classes.find((className) => !isBuiltIn(className));
  } finally {
    await hub.close();
  }
  return foreign === undefined ? verifyHere(options) : verifyElsewhere(foreign, options);
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
    const providers = new ConfigProviders(realEnv, options.variables, settings.effective, VERIFY);
    const config = await providers.resolve(configOf(connectors, name, UNKNOWN));
    const worker = settings.effective;
    const connector = await sourceConnector(name, config, pluginPlaces(settings));
    refuseSource(name, { config, worker });
    const copies: NamedCopy[] = [];
    for (const named of archives) {
      const resolve = (stored: RawConfig): Promise<RawConfig> => providers.resolve(stored);
      const archive = await findArchive({
        named,
        connectors,
        resolve,
        env: realEnv,
        signal,
        temporary,
        reader: VERIFY,
      });
      if (archive.sink !== undefined) refuseArchive(named, { config: archive.sink.config, worker });
      copies.push(archiveCopy({ hub, env: realEnv, archive, waitMs }));
    }
    for (const named of indexes) {
      const stored = await providers.resolve(configOf(connectors, named, UNKNOWN));
      const sink = { name: named, config: stored, rows: await rowsOf(named, stored, options, pluginPlaces(settings)) };
      copies.push(indexCopy({ hub, env: realEnv, sink, source: { config, worker }, waitMs }));
    }
    return await verify({ hub, name, connector, config, worker, env: realEnv, log, signal, waitMs, progress, copies });
  } finally {
    await hub.close();
    await rm(temporary, { recursive: true, force: true });
  }
}

/** What asks a sink's target for the rows it holds. */
async function rowsOf(name: string, config: RawConfig, { log }: RunVerifyOptions, places: PluginPlaces) {
  const connector = await taskConnector(config['connector.class'] ?? '', places);
  const { rows } = connector.kind === 'sink' ? connector : { rows: undefined };
  if (rows !== undefined)
    return (topic: string, signal: AbortSignal) => rows({ name, config, env: realEnv, log, signal }, topic);
  throw new MillraceError(
    'VERIFY_NO_INDEX',
    `connector ${name} (${connector.className}) keeps no rows that can be read`,
    {
      kind: 'config',
      key: '--index',
      remedy: 'Name a sink whose target holds rows: of Elasticsearch or OpenSearch, or one that offers it (rows).',
    },
  );
}

async function sourceConnector(name: string, config: RawConfig, places: PluginPlaces): Promise<SourceConnector> {
  const connector = await taskConnector(config['connector.class'] ?? '', places);
  if (connector.kind === 'source') return connector;
  throw new MillraceError('VERIFY_NO_SOURCE', `connector ${name} is a sink`, {
    kind: 'config',
    remedy: `Verify the source whose topics it reads; its archive is compared with --archive ${name}.`,
  });
}
