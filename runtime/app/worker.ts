import { availableParallelism } from 'node:os';
import type { FastifyInstance } from 'fastify';
import type { PluginCatalog } from '../cluster/catalog.ts';
import { Herder } from '../cluster/herder.ts';
import { taskSamples } from '../cluster/task-samples.ts';
import { invalidOptions } from '../connector/options.ts';
import { converterErrors } from '../connector/validate.ts';
import { realEnv } from '../env/real.ts';
import { connectHub } from '../hub/embedded/open.ts';
import type { EmbeddedHub } from '../hub/embedded/embedded-hub.ts';
import { WorkerHealth } from '../observe/health.ts';
import type { LineLog } from '../observe/logger.ts';
import { levelName, LoggerLevels } from '../observe/logger-levels.ts';
import { MillraceError } from '../record/error.ts';
import { ConfigProviders } from '../settings/providers.ts';
import type { Listener, WorkerSettings } from '../settings/worker-settings.ts';
import { ConfigStore } from '../store/configs.ts';
import { StatusStore } from '../store/statuses.ts';
import { ThreadTaskHost } from '../task/thread-host.ts';
import { builtInCatalog, isBuiltIn } from './catalog.ts';
import { Cleanup } from './cleanup.ts';
import { extension, HubThread } from './hub-thread.ts';
import { hubSamples } from './hub-samples.ts';
import { offsetAccess } from './offset-access.ts';
import { workerCatalog } from './plugins/plugin-catalog.ts';
import { pluginPlaces } from './plugins/plugin-places.ts';
import type { TaskThreadData } from './threads/task.ts';
import { VERSION } from '../connector/version.ts';

export interface WorkerOptions {
  readonly settings: WorkerSettings;
  readonly log: LineLog;
  /** Levels of `log`, for `/admin/loggers`; without them nothing there changes what is logged. */
  readonly loggers?: LoggerLevels;
  /** For `${env:…}` in configurations. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Called once when the worker cannot go on. */
  readonly failed: (error: Error) => void;
  /** Runs before stored connectors start; where it fails, none does. */
  readonly prepare?: (herder: Herder) => Promise<void>;
}

export interface Worker {
  readonly herder: Herder;
  readonly hub: EmbeddedHub;
  /** Where REST can be reached. */
  readonly urls: readonly string[];
  /** Drains and stops tasks, then closes hub and REST. Idempotent. */
  close(): Promise<void>;
}

type RestServer = typeof import('../rest/server.ts').restServer;

/**
 * Starts a worker on the embedded hub: hub thread, stores, REST, then the stored connectors.
 * Everything that was opened is closed again if a later step fails.
 */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { settings } = options;
  refuseKafka(settings);
  const wrong = converterErrors(settings.effective, builtInCatalog);
  if (wrong.length > 0) throw invalidOptions('the worker', wrong);
  const cleanup = new Cleanup();
  try {
    return await open(options, cleanup);
  } catch (error) {
    await cleanup.run();
    throw error;
  }
}

async function open(options: WorkerOptions, cleanup: Cleanup): Promise<Worker> {
  const { settings, log, failed } = options;
  const health = new WorkerHealth();
  const fatal = (part: string) => (error: Error) => {
    health.failed(part, error.message);
    failed(error);
  };
  const path = settings.options['millrace.hub.path'];
  // The hub thread loads and recovers while this thread loads what serves REST.
  const [hubThread, { restServer }] = await Promise.all([
    startHub(settings, fatal('hub')).then((one) => cleanup.add(one, (thread) => thread.close())),
    import('../rest/server.ts'),
  ]);
  const port = await hubThread.connect();
  const hub = cleanup.add(await connectHub(port, { path, env: realEnv }), (one) => one.close());
  const loggers = options.loggers ?? new LoggerLevels('INFO', () => realEnv.clock.nowMs());
  const [configs, statuses] = await openStores(options, loggers, hub, cleanup, fatal('stores'));
  const host = cleanup.add(taskHost(options, hubThread, path), (one) => one.close());
  const urls: string[] = [];
  const catalog = cleanup.add(pluginCatalog(options), (one) => one.close());
  const herder = new Herder({
    env: realEnv,
    log,
    configs,
    statuses,
    offsets: cleanup.add(offsetAccess(hub, settings), (one) => one.close()),
    host,
    catalog,
    providers: new ConfigProviders(realEnv, options.variables, settings.effective),
    // Known once REST listens: a port 0 is chosen by the system.
    get workerId() {
      return workerId(settings, urls);
    },
    worker: settings.effective,
    stopMs: settings.options['task.shutdown.graceful.timeout.ms'],
  });
  health.watch(() => herder.setbacks());
  loggers.watch(() => herder.names());
  cleanup.add(herder, (one) => one.close());
  for (const listener of settings.listeners) {
    const app = cleanup.add(rest(restServer, options, { herder, hub, health, loggers, configs, catalog }), (one) =>
      one.close(),
    );
    urls.push(await listen(app, listener));
  }
  await options.prepare?.(herder);
  await herder.start();
  health.started();
  return { herder, hub, urls, close: () => cleanup.run() };
}

function refuseKafka({ options }: WorkerSettings): void {
  if (options['bootstrap.servers'].length === 0) return;
  throw new MillraceError('HUB_KAFKA_UNSUPPORTED', 'this build has no Kafka hub yet', {
    kind: 'config',
    key: 'bootstrap.servers',
    remedy: 'Remove bootstrap.servers: the hub is then embedded in millrace.hub.path.',
  });
}

function startHub(settings: WorkerSettings, failed: (error: Error) => void): Promise<HubThread> {
  const { options } = settings;
  const mapBytes = options['millrace.hub.map.bytes'];
  const hubOptions = {
    minFreeBytes: options['millrace.hub.min.free.bytes'],
    ...(mapBytes === undefined ? {} : { mapBytes }),
  };
  return HubThread.start(options['millrace.hub.path'], hubOptions, failed);
}

async function openStores(
  { settings, log }: WorkerOptions,
  loggers: LoggerLevels,
  hub: EmbeddedHub,
  cleanup: Cleanup,
  failed: (error: Error) => void,
): Promise<[ConfigStore, StatusStore]> {
  const { options } = settings;
  const { signal } = new AbortController();
  const unreadable =
    (topic: string) =>
    (key: string, error: Error): void => {
      log.warn('a record of an internal topic cannot be read and is left out', { topic, key, error: error.message });
    };
  const configTopic = options['config.storage.topic'];
  const statusTopic = options['status.storage.topic'];
  const partitions = options['status.storage.partitions'];
  const shared = { hub, env: realEnv, failed };
  const levelChanged = (logger: string, word: string): void => {
    const level = levelName(word);
    if (level !== null) loggers.set(logger, level);
  };
  const [configs, statuses] = await Promise.all([
    ConfigStore.open({ ...shared, topic: configTopic, unreadable: unreadable(configTopic), levelChanged }, signal),
    StatusStore.open({ ...shared, topic: statusTopic, partitions, unreadable: unreadable(statusTopic) }, signal),
  ]);
  cleanup.add(configs, (one) => one.close());
  cleanup.add(statuses, (one) => one.close());
  return [configs, statuses];
}

function pluginCatalog({ settings, log }: WorkerOptions): ReturnType<typeof workerCatalog> {
  const { options } = settings;
  return workerCatalog({
    env: realEnv,
    log,
    places: pluginPlaces(settings),
    maxHeapMb: options['millrace.task.thread.max.heap.mb'],
    maxExternalMb: options['millrace.task.thread.max.external.mb'],
  });
}

function taskHost({ settings, log }: WorkerOptions, hubThread: HubThread, path: string): ThreadTaskHost {
  const { options } = settings;
  const plugins = pluginPlaces(settings);
  return new ThreadTaskHost({
    env: realEnv,
    log,
    entry: new URL(`./threads/task${extension()}`, import.meta.url),
    workerData: async () => {
      const port = await hubThread.connect();
      return { data: { path, port, plugins } satisfies TaskThreadData, transfer: [port] };
    },
    isBuiltIn,
    threads: options['millrace.task.threads'] === 0 ? availableParallelism() : options['millrace.task.threads'],
    maxHeapMb: options['millrace.task.thread.max.heap.mb'],
    maxExternalMb: options['millrace.task.thread.max.external.mb'],
    stallMs: options['millrace.task.stall.timeout.ms'],
  });
}

interface RestParts {
  readonly herder: Herder;
  readonly hub: EmbeddedHub;
  readonly health: WorkerHealth;
  readonly loggers: LoggerLevels;
  readonly configs: ConfigStore;
  readonly catalog: PluginCatalog;
}

function rest(
  restServer: RestServer,
  { settings, log }: WorkerOptions,
  { herder, hub, health, loggers, configs, catalog }: RestParts,
): FastifyInstance {
  const { options } = settings;
  return restServer({
    herder,
    log,
    version: VERSION,
    commit: 'unknown',
    hubId: hub.id,
    plugins: () => catalog.list(),
    health: () => health.get(),
    topics: {
      list: () => hub.admin.topics(),
      create: (name, partitions, config) => hub.admin.createTopic(name, partitions, config),
    },
    loggers,
    clusterLevel: (logger, level) => configs.putLevel(logger, level),
    metrics: metricsPage(herder, hub),
    bodyBytes: options['millrace.rest.body.bytes'],
    hosts: ownNames(settings),
    allowOrigin: options['access.control.allow.origin'],
    allowMethods: options['access.control.allow.methods'],
    topicTracking: options['topic.tracking.enable'],
    topicTrackingReset: options['topic.tracking.allow.reset'],
  });
}

/** Who can reach a worker on loopback only is on this machine: it needs no other name (DNS rebinding). */
function ownNames({ listeners, options }: WorkerSettings): readonly string[] | null {
  const local = listeners.every(({ host }) => host === 'localhost' || host === '::1' || host.startsWith('127.'));
  if (!local) return null;
  const advertised = options['rest.advertised.host.name'];
  return advertised === undefined ? [] : [advertised];
}

/** The metrics library is loaded by the first scrape: a worker nobody scrapes does without. */
function metricsPage(herder: Herder, hub: EmbeddedHub): () => Promise<{ text: string; contentType: string }> {
  let page: Promise<import('../observe/metrics.ts').MetricsPage> | null = null;
  return async () => {
    page ??= import('../observe/metrics.ts').then(({ MetricsPage }) => new MetricsPage());
    const loaded = await page;
    const samples = [...taskSamples(herder, realEnv.clock.nowMs()), ...hubSamples(await hub.stats())];
    return { text: await loaded.render(samples), contentType: loaded.contentType };
  };
}

/** `host:port` that names this worker. */
function workerId({ options }: WorkerSettings, urls: readonly string[]): string {
  const url = new URL(urls[0] ?? 'http://127.0.0.1:0');
  const host = options['rest.advertised.host.name'] ?? url.hostname;
  return `${host}:${options['rest.advertised.port'] ?? url.port}`;
}

async function listen(app: FastifyInstance, { host, port }: Listener): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const problem = code === 'EADDRINUSE' ? 'another process listens there' : String(error);
    throw new MillraceError('REST_LISTEN_FAILED', `listening on ${host}:${port}: ${problem}`, {
      kind: 'config',
      key: 'listeners',
      remedy: 'Choose another port with listeners=http://127.0.0.1:<port>, or stop the other process.',
      cause: error,
    });
  }
}
