import type { FastifyInstance } from 'fastify';
import type { PluginCatalog } from '../cluster/plugin-catalog.ts';
import type { Herder } from '../cluster/herder.ts';
import { taskSamples } from '../cluster/task-samples.ts';
import { VERSION } from '../connector/version.ts';
import { errnoOf } from '../env/errno.ts';
import type { Env } from '../env/env.ts';
import { realEnv } from '../env/real.ts';
import type { EmbeddedHub } from '../hub/embedded/client/embedded-hub.ts';
import type { WorkerHealth } from '../observe/health.ts';
import type { LineLog } from '../observe/logger.ts';
import type { LoggerLevels } from '../observe/logger-levels.ts';
import type { Redactor } from '../observe/redactor.ts';
import { MillraceError } from '../record/error.ts';
import type { RestAccess } from '../rest/access.ts';
import { headersAt } from '../settings/response-headers.ts';
import type { TlsMaterial, TlsPrefix } from '../settings/tls-files.ts';
import type { Listener, WorkerSettings } from '../settings/worker-settings.ts';
import type { ConfigStore } from '../store/configs.ts';
import type { Cleanup } from './cleanup.ts';
import type { DeadLetterService } from './dead-letters/dead-letter-service.ts';
import { alterTopic, internalTopics } from './alter-topic.ts';
import { hubSamples } from './hub-samples.ts';
import type { changes } from './plan/changes.ts';
import type { TopicProducer } from './produce/topic-producer.ts';
import {
  allListeners,
  isLocal,
  renewCertificates,
  restAccess,
  restLimits,
  restTls,
  warnOfClearTokens,
} from './rest-access.ts';

type RestServer = typeof import('../rest/server.ts').restServer;

interface RestParts {
  readonly log: LineLog;
  readonly redactor: Redactor;
  readonly herder: Herder;
  readonly hub: EmbeddedHub;
  readonly health: WorkerHealth;
  readonly loggers: LoggerLevels;
  readonly configs: ConfigStore;
  readonly catalog: PluginCatalog;
  readonly deadLetters: DeadLetterService;
  readonly producer: TopicProducer;
  readonly change: ReturnType<typeof changes>;
}

/** Serves REST at each of the worker's listeners; says where it can be reached, `/admin/*` too where that is elsewhere. */
export async function serveRest(
  restServer: RestServer,
  settings: WorkerSettings,
  parts: RestParts,
  urls: { readonly rest: string[]; readonly admin: string[] },
  cleanup: Cleanup,
): Promise<void> {
  const edges = { env: realEnv, log: parts.log, redactor: parts.redactor };
  const access = await restAccess(settings, edges);
  warnOfClearTokens(settings, access, parts.log);
  const serve = async (places: Places, to: string[]): Promise<void> => {
    const { listeners, prefix } = places;
    const tls = await restTls(settings, listeners, prefix, realEnv);
    for (const listener of listeners) {
      const own = listener.protocol === 'https' ? tls : undefined;
      const app = cleanup.add(server(restServer, settings, parts, access, places, own), (one) => one.close());
      to.push(await listen(app, listener, prefix));
      if (own !== undefined) {
        cleanup.add(renewCertificates(app, settings, prefix, edges), async (end) => end());
      }
    }
  };
  const { listeners, adminListeners } = settings;
  const paths = adminListeners === null ? 'all' : 'without admin';
  await serve({ listeners, paths, prefix: 'listeners.https.' }, urls.rest);
  if (adminListeners === null) return;
  await serve({ listeners: adminListeners, paths: 'admin', prefix: 'admin.listeners.https.' }, urls.admin);
}

/** Listeners that serve the same. */
interface Places {
  readonly listeners: readonly Listener[];
  readonly paths: 'all' | 'admin' | 'without admin';
  readonly prefix: TlsPrefix;
}

function server(
  restServer: RestServer,
  settings: WorkerSettings,
  { log, redactor, herder, hub, health, loggers, configs, catalog, deadLetters, producer, change }: RestParts,
  access: RestAccess,
  { listeners, paths }: Places,
  tls: TlsMaterial | undefined,
): FastifyInstance {
  const { options, responseHeaders } = settings;
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
      alter: (name, change) => alterTopic(hub, internalTopics(settings), name, change),
      produce: (name, body) => producer.produce(name, body),
    },
    loggers,
    clusterLevel: (logger, level) => configs.putLevel(logger, level),
    metrics: metricsPage(herder, hub, redactor.hide),
    bodyBytes: options['millrace.rest.body.bytes'],
    access,
    limits: restLimits(settings),
    hide: redactor.hide,
    deadLetters,
    ...change,
    paths,
    ...(responseHeaders.length === 0 ? {} : { headers: () => headersAt(responseHeaders, realEnv.clock.nowMs()) }),
    ...(tls === undefined ? {} : { tls }),
    hosts: ownNames(listeners, settings),
    allowOrigin: options['access.control.allow.origin'],
    allowMethods: options['access.control.allow.methods'],
    topicTracking: options['topic.tracking.enable'],
    topicTrackingReset: options['topic.tracking.allow.reset'],
  });
}

/** Who can reach a worker on loopback only is on this machine: it needs no other name (DNS rebinding). */
function ownNames(listeners: readonly Listener[], { options }: WorkerSettings): readonly string[] | null {
  if (!listeners.every(isLocal)) return null;
  const advertised = options['rest.advertised.host.name'];
  return advertised === undefined ? [] : [advertised];
}

/** The metrics library is loaded by the first scrape: a worker nobody scrapes does without. */
function metricsPage(
  herder: Herder,
  hub: EmbeddedHub,
  hide: (text: string) => string,
): () => Promise<{ text: string; contentType: string }> {
  let page: Promise<import('../observe/metrics/page.ts').MetricsPage> | null = null;
  return async () => {
    page ??= import('../observe/metrics/page.ts').then(({ MetricsPage }) => new MetricsPage());
    const loaded = await page;
    const askedMs = realEnv.clock.monotonicMs();
    const stats = await hub.stats();
    const answerMs = realEnv.clock.monotonicMs() - askedMs;
    const samples = [...taskSamples(herder.figures, realEnv.clock.nowMs()), ...hubSamples(stats, answerMs, hide)];
    return { text: await loaded.render(samples), contentType: loaded.contentType };
  };
}

/** `host:port` that names this worker. */
export function workerId({ options }: WorkerSettings, urls: readonly string[]): string {
  const url = new URL(urls[0] ?? 'http://127.0.0.1:0');
  const host = options['rest.advertised.host.name'] ?? url.hostname;
  return `${host}:${options['rest.advertised.port'] ?? url.port}`;
}

async function listen(app: FastifyInstance, listener: Listener, prefix: TlsPrefix): Promise<string> {
  try {
    return await app.listen({ host: listener.host, port: listener.port });
  } catch (error) {
    throw listenFailed(listener, prefix === 'listeners.https.' ? 'listeners' : 'admin.listeners', error);
  }
}

/** To be asked before anything is made: a worker that cannot listen leaves no new hub behind. */
export async function refuseTakenPorts(settings: WorkerSettings, env: Env): Promise<void> {
  for (const listener of allListeners(settings)) {
    const probe = env.net.server();
    try {
      await new Promise<void>((resolve, reject) => {
        probe.once('error', reject);
        probe.listen({ host: listener.host, port: listener.port }, resolve);
      });
    } catch (error) {
      throw listenFailed(listener, settings.listeners.includes(listener) ? 'listeners' : 'admin.listeners', error);
    }
    await new Promise<void>((resolve) => probe.close(() => resolve()));
  }
}

function listenFailed({ host, port }: Listener, key: string, error: unknown): MillraceError {
  const problem = errnoOf(error) === 'EADDRINUSE' ? 'another process listens there' : String(error);
  return new MillraceError('REST_LISTEN_FAILED', `listening on ${host}:${port}: ${problem}`, {
    kind: 'config',
    key,
    remedy: `Choose another port with ${key}=http://127.0.0.1:<port>, or stop the other process.`,
    cause: error,
  });
}
