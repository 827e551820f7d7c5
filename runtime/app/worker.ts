import { availableParallelism } from 'node:os';
import { Herder, type HerderOptions } from '../cluster/herder.ts';
import { redactedHost } from '../cluster/redacted-host.ts';
import { invalidOptions } from '../connector/options.ts';
import { secretsIn } from '../connector/secrets.ts';
import { converterErrors } from '../connector/validate.ts';
import { realEnv } from '../env/real.ts';
import type { EmbeddedHub } from '../hub/embedded/client/embedded-hub.ts';
import { WorkerHealth } from '../observe/health.ts';
import type { LineLog } from '../observe/logger.ts';
import { LoggerLevels } from '../observe/logger-levels.ts';
import { redactedLog, Redactor } from '../observe/redactor.ts';
import { MillraceError } from '../record/error.ts';
import { ConfigProviders } from '../settings/providers.ts';
import { workerOptions } from '../settings/worker-options.ts';
import type { WorkerSettings } from '../settings/worker-settings.ts';
import { ThreadTaskHost } from '../task/thread/thread-host.ts';
import { builtInCatalog, isBuiltIn } from './plugins/built-in-catalog.ts';
import { Cleanup } from './cleanup.ts';
import { configVault } from './config-vault.ts';
import { DeadLetterService } from './dead-letters/dead-letter-service.ts';
import { internalTopics } from './alter-topic.ts';
import { extension, type HubThread } from './hub-thread.ts';
import { offsetAccess } from './offset-access.ts';
import { changes } from './plan/changes.ts';
import { workerCatalog } from './plugins/worker-catalog.ts';
import { pluginPlaces } from './plugins/plugin-places.ts';
import { TopicProducer } from './produce/topic-producer.ts';
import { refuseMissingUsers, refuseOpenListener } from './rest-access.ts';
import type { TaskThreadData } from './threads/task.ts';
import { openHub, startHub } from './worker-hub.ts';
import { refuseTakenPorts, serveRest, workerId } from './worker-rest.ts';
import { openStores } from './worker-stores.ts';

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
  /** Where `/admin/*` can be reached, where that is elsewhere. */
  readonly adminUrls: readonly string[];
  /** Drains and stops tasks, then closes hub and REST. Idempotent. */
  close(): Promise<void>;
}

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
  await refuseTakenPorts(settings, realEnv);
  // The hub thread loads and recovers while this thread loads what serves REST.
  const [thread, { restServer }] = await Promise.all([
    startHub(settings, log, fatal('hub')).then((one) => cleanup.add(one, (hubThread) => hubThread.close())),
    import('../rest/server.ts'),
  ]);
  const hub = cleanup.add(await openHub(thread, settings, log), (one) => one.close());
  const loggers = options.loggers ?? new LoggerLevels('INFO', () => realEnv.clock.nowMs());
  const catalog = cleanup.add(pluginCatalog(options), (one) => one.close());
  const vault = await configVault(settings, realEnv, catalog);
  const parts = { settings, log, vault, loggers, hub, failed: fatal('stores') };
  const [configs, statuses] = await openStores(parts, cleanup);
  await configs.reseal();
  const host = cleanup.add(taskHost(options, thread), (one) => one.close());
  const offsets = cleanup.add(offsetAccess(hub, settings), (one) => one.close());
  const providers = new ConfigProviders(realEnv, options.variables, settings.effective);
  const urls: { readonly rest: string[]; readonly admin: string[] } = { rest: [], admin: [] };
  const herder = newHerder(options, { configs, statuses, offsets, catalog, providers }, host, urls.rest);
  health.watch(() => herder.figures.setbacks());
  loggers.watch(() => herder.names());
  cleanup.add(herder, (one) => one.close());
  const deadLetters = cleanup.add(deadLetterService(hub, herder), (one) => one.close());
  const producer = cleanup.add(topicProducer(hub, settings), (one) => one.close());
  const shared = { log, redactor, herder, hub, catalog, configs };
  const hubPath = settings.options['millrace.hub.path'];
  const change = changes({ ...shared, env: realEnv, providers, offsets, worker: settings.effective, hubPath });
  await serveRest(restServer, settings, { ...shared, health, loggers, deadLetters, producer, change }, urls, cleanup);
  await options.prepare?.(herder);
  await herder.start();
  cleanup.add(watchFiles(settings, herder, log), async (end) => end());
  health.started();
  return { herder, hub, urls: urls.rest, adminUrls: urls.admin, close: () => cleanup.run() };
}

type HerderParts = Pick<HerderOptions, 'configs' | 'statuses' | 'offsets' | 'catalog' | 'providers'>;

/** `urls`: known once REST listens, where a port 0 was chosen by the system. */
function newHerder(
  { settings, log, redactor }: OpenOptions,
  parts: HerderParts,
  host: ThreadTaskHost,
  urls: readonly string[],
): Herder {
  return new Herder({
    ...parts,
    env: realEnv,
    log,
    redactor,
    host: redactedHost(host, redactor),
    get workerId() {
      return workerId(settings, urls);
    },
    worker: settings.effective,
    stopMs: settings.options['task.shutdown.graceful.timeout.ms'],
  });
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

function pluginCatalog({ settings, log }: WorkerOptions): ReturnType<typeof workerCatalog> {
  const { options } = settings;
  return workerCatalog({
    env: realEnv,
    log,
    worker: settings.effective,
    places: pluginPlaces(settings),
    maxHeapMb: options['millrace.task.thread.max.heap.mb'],
    maxExternalMb: options['millrace.task.thread.max.external.mb'],
  });
}

function taskHost({ settings, log }: WorkerOptions, hubThread: HubThread): ThreadTaskHost {
  const { options } = settings;
  const path = options['millrace.hub.path'];
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

function topicProducer(hub: EmbeddedHub, settings: WorkerSettings): TopicProducer {
  const { options, effective } = settings;
  const schemaTopic = options['millrace.schema.storage.topic'];
  const internal = internalTopics(settings);
  return new TopicProducer({ hub, env: realEnv, worker: effective, internal, schemaTopic });
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
