import { availableParallelism } from 'node:os';
import type { FastifyInstance } from 'fastify';
import type { PluginCatalog } from '../cluster/catalog.ts';
import { Herder } from '../cluster/herder.ts';
import { redactedHost } from '../cluster/redacted-host.ts';
import { taskSamples } from '../cluster/task-samples.ts';
import { invalidOptions, secretsIn } from '../connector/options.ts';
import { converterErrors } from '../connector/validate.ts';
import { realEnv } from '../env/real.ts';
import { connectHub } from '../hub/embedded/open.ts';
import type { EmbeddedHub } from '../hub/embedded/embedded-hub.ts';
import { WorkerHealth } from '../observe/health.ts';
import type { LineLog } from '../observe/logger.ts';
import { levelName, LoggerLevels } from '../observe/logger-levels.ts';
import { redactedLog, Redactor } from '../observe/redactor.ts';
import { MillraceError } from '../record/error.ts';
import type { RestAccess } from '../rest/access.ts';
import { ConfigProviders } from '../settings/providers.ts';
import { workerOptions } from '../settings/worker-options.ts';
import type { SecretVault } from '../settings/secret-vault.ts';
import type { TlsMaterial } from '../settings/tls-files.ts';
import type { Listener, WorkerSettings } from '../settings/worker-settings.ts';
import { ConfigStore } from '../store/configs.ts';
import { StatusStore } from '../store/statuses.ts';
import { ThreadTaskHost } from '../task/thread-host.ts';
import { builtInCatalog, isBuiltIn } from './catalog.ts';
import { Cleanup } from './cleanup.ts';
import { configVault } from './config-vault.ts';
import { DeadLetterService } from './deadletters/dead-letter-service.ts';
import { extension, HubThread } from './hub-thread.ts';
import { hubSamples } from './hub-samples.ts';
import { offsetAccess } from './offset-access.ts';
import { changes } from './plan/changes.ts';
import { workerCatalog } from './plugins/plugin-catalog.ts';
import { pluginPlaces } from './plugins/plugin-places.ts';
import {
  isLocal,
  refuseMissingUsers,
  refuseOpenListener,
  renewCertificates,
  restAccess,
  restLimits,
  restTls,
  warnOfClearTokens,
} from './rest-access.ts';
import type { TaskThreadData } from './threads/task.ts';
import { VERSION } from '../connector/version.ts';

export interface WorkerOptions {
  readonly settings: WorkerSettings;
  readonly log: LineLog;
  /** Knows secrets seen so far, and learns those of configurations. */
  readonly redactor?: Redactor;
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
  refuseOpenListener(settings);
  refuseMissingUsers(settings);
  const wrong = converterErrors(settings.effective, builtInCatalog);
  if (wrong.length > 0) throw invalidOptions('the worker', wrong);
  const cleanup = new Cleanup();
  try {
    const redactor = options.redactor ?? new Redactor();
    for (const [key, value] of Object.entries(settings.effective)) {
      for (const secret of secretsIn([workerOptions], key, value)) redactor.learn(secret);
    }
    // Nothing of this worker logs past it (I9).
    return await open({ ...options, redactor, log: redactedLog(options.log, redactor) }, cleanup);
  } catch (error) {
    await cleanup.run();
    throw error;
  }
}

type OpenOptions = WorkerOptions & { readonly redactor: Redactor };

async function open(options: OpenOptions, cleanup: Cleanup): Promise<Worker> {
  const { settings, log, failed, redactor } = options;
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
  const catalog = cleanup.add(pluginCatalog(options), (one) => one.close());
  const vault = await configVault(settings, realEnv, catalog);
  const [configs, statuses] = await openStores({ ...options, vault }, loggers, hub, cleanup, fatal('stores'));
  await configs.reseal();
  const host = cleanup.add(taskHost(options, hubThread, path), (one) => one.close());
  const urls: string[] = [];
  const offsets = cleanup.add(offsetAccess(hub, settings), (one) => one.close());
  const providers = new ConfigProviders(realEnv, options.variables, settings.effective);
  const herder = new Herder({
    env: realEnv,
    log,
    configs,
    statuses,
    redactor,
    offsets,
    host: redactedHost(host, redactor),
    catalog,
    providers,
    // Known once REST listens: a port 0 is chosen by the system.
    get workerId() {
      return workerId(settings, urls);
    },
    worker: settings.effective,
    stopMs: settings.options['task.shutdown.graceful.timeout.ms'],
  });
  health.watch(() => herder.figures.setbacks());
  loggers.watch(() => herder.names());
  cleanup.add(herder, (one) => one.close());
  const parts = { env: realEnv, log, redactor };
  const access = await restAccess(settings, parts);
  warnOfClearTokens(settings, access, log);
  const tls = await restTls(settings, realEnv);
  const deadLetters = cleanup.add(deadLetterService(hub, herder), (one) => one.close());
  const worker = settings.effective;
  const change = changes({ ...parts, herder, hub, catalog, providers, configs, offsets, worker, hubPath: path });
  for (const listener of settings.listeners) {
    const own = listener.protocol === 'https' ? tls : undefined;
    const shared = { herder, hub, health, loggers, configs, catalog, access, deadLetters, tls: own, change };
    const app = cleanup.add(rest(restServer, options, shared), (one) => one.close());
    urls.push(await listen(app, listener));
    if (own !== undefined) cleanup.add(renewCertificates(app, settings, parts), async (end) => end());
  }
  await options.prepare?.(herder);
  await herder.start();
  cleanup.add(watchFiles(settings, herder, log), async (end) => end());
  health.started();
  return { herder, hub, urls, close: () => cleanup.run() };
}

/** Looks now and then whether what configurations refer to has changed. Returns how to end it. */
function watchFiles({ options }: WorkerSettings, herder: Herder, log: LineLog): () => void {
  const everyMs = options['millrace.config.reload.interval.ms'];
  if (everyMs === 0) return () => {};
  let looking = false;
  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    try {
      await herder.reloadChanged();
    } catch (error) {
      log.error('looking for changed files failed', { error });
    } finally {
      looking = false;
    }
  };
  const timer = realEnv.timers.every(everyMs, () => void look());
  return () => timer.cancel();
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
  { settings, log, vault }: WorkerOptions & { readonly vault: SecretVault | undefined },
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
    ConfigStore.open(
      {
        ...shared,
        topic: configTopic,
        unreadable: unreadable(configTopic),
        levelChanged,
        ...(vault === undefined ? {} : { vault }),
      },
      signal,
    ),
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

function deadLetterService(hub: EmbeddedHub, herder: Herder): DeadLetterService {
  return new DeadLetterService({
    hub,
    env: realEnv,
    connector: (name) => ({
      config: herder.answers.config(name),
      kind: herder.answers.typeOf(name) === 'source' ? 'source' : 'sink',
    }),
  });
}

interface RestParts {
  readonly herder: Herder;
  readonly hub: EmbeddedHub;
  readonly health: WorkerHealth;
  readonly loggers: LoggerLevels;
  readonly configs: ConfigStore;
  readonly catalog: PluginCatalog;
  readonly access: RestAccess;
  readonly tls: TlsMaterial | undefined;
  readonly deadLetters: DeadLetterService;
  readonly change: ReturnType<typeof changes>;
}

function rest(
  restServer: RestServer,
  { settings, log, redactor }: OpenOptions,
  { herder, hub, health, loggers, configs, catalog, access, deadLetters, tls, change }: RestParts,
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
    access,
    limits: restLimits(settings),
    hide: redactor.hide,
    deadLetters,
    ...change,
    ...(tls === undefined ? {} : { tls }),
    hosts: ownNames(settings),
    allowOrigin: options['access.control.allow.origin'],
    allowMethods: options['access.control.allow.methods'],
    topicTracking: options['topic.tracking.enable'],
    topicTrackingReset: options['topic.tracking.allow.reset'],
  });
}

/** Who can reach a worker on loopback only is on this machine: it needs no other name (DNS rebinding). */
function ownNames({ listeners, options }: WorkerSettings): readonly string[] | null {
  if (!listeners.every(isLocal)) return null;
  const advertised = options['rest.advertised.host.name'];
  return advertised === undefined ? [] : [advertised];
}

/** The metrics library is loaded by the first scrape: a worker nobody scrapes does without. */
function metricsPage(herder: Herder, hub: EmbeddedHub): () => Promise<{ text: string; contentType: string }> {
  let page: Promise<import('../observe/metrics/page.ts').MetricsPage> | null = null;
  return async () => {
    page ??= import('../observe/metrics/page.ts').then(({ MetricsPage }) => new MetricsPage());
    const loaded = await page;
    const askedMs = realEnv.clock.monotonicMs();
    const stats = await hub.stats();
    const answerMs = realEnv.clock.monotonicMs() - askedMs;
    const samples = [...taskSamples(herder.figures, realEnv.clock.nowMs()), ...hubSamples(stats, answerMs)];
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
