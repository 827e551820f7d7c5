import type { Herder } from '../cluster/herder.ts';
import { CLIENT_KEYS_REASON, CLIENT_KEYS_TOLD, workerClientKeys } from '../connector/client-keys.ts';
import type { RawConfig } from '../connector/options.ts';
import { createLogger, type LineLog } from '../observe/logger.ts';
import { levelName, LoggerLevels, type LevelName } from '../observe/logger-levels.ts';
import { redactedLog, Redactor } from '../observe/redactor.ts';
import { realEnv } from '../env/real.ts';
import { MillraceError } from '../record/error.ts';
import { messageOf } from '../record/thrown.ts';
import { ConfigProviders } from '../settings/providers.ts';
import { readWorkerConfig, workerSettings, type WorkerSettings } from '../settings/worker-settings.ts';
import { isConnectorPath, readConnectorFiles, type ConnectorFile } from './connector-files.ts';
import { readsPlainTls } from './rest-access.ts';
import { startWorker, type Worker } from './worker.ts';

export interface RunWorkerOptions {
  /** A worker configuration, if the first is one; then connector files and directories. */
  readonly files: readonly string[];
  /** Worker options that win over those of the file. */
  readonly overrides: RawConfig;
  readonly json: boolean;
  readonly colour: boolean;
  readonly terminal: boolean;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Aborts when the worker is to drain and end. */
  readonly signal: AbortSignal;
}

const CLOSE_MARGIN_MS = 10_000;
/** How long a worker that is to end may take to start first, so that it closes in order. */
const START_MARGIN_MS = 3000;

/** Runs a worker until the signal aborts or it cannot go on; returns the exit status, and whether a part would not end. */
export async function runWorker(options: RunWorkerOptions): Promise<{ readonly code: number; readonly hung: boolean }> {
  const { settings, connectors } = await readFiles(options);
  const loggers = new LoggerLevels(startLevel(settings), () => realEnv.clock.nowMs());
  const redactor = new Redactor();
  const log = redactedLog(await openLog(options, settings, loggers), redactor);
  const ended = Promise.withResolvers<Error | null>();
  const starting = startWorker({
    settings,
    log,
    redactor,
    loggers,
    variables: options.variables,
    failed: (error) => {
      log.error(`the worker cannot go on: ${error.message}`, { error });
      ended.resolve(error);
    },
    prepare: (herder) => applyFiles(herder, connectors),
  });
  const worker = await orEnded(starting, options.signal);
  if (worker === null) {
    log.warn('ended before it was started', { reason: reasonOf(options.signal) });
    return { code: 0, hung: true };
  }
  if (options.signal.aborted) ended.resolve(null);
  options.signal.addEventListener('abort', () => ended.resolve(null), { once: true });
  announce(log, worker, settings);
  const failure = await ended.promise;
  if (failure === null) log.info('draining', { reason: reasonOf(options.signal) });
  const closed = await closeInTime(worker, settings);
  if (closed) log.info('worker has ended');
  else log.warn('a part of the worker did not end in time');
  return { code: failure === null ? 0 : 1, hung: !closed };
}

/** What is starting; null where it is to end, and does not get there in time. */
async function orEnded(starting: Promise<Worker>, signal: AbortSignal): Promise<Worker | null> {
  const over = new AbortController();
  const late = Promise.withResolvers<null>();
  const end = (): void => late.resolve(null);
  const stop = (): void => {
    void realEnv.timers.sleep(START_MARGIN_MS, over.signal).then(end, end);
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([starting, late.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
    over.abort(new Error('started'));
  }
}

function reasonOf({ reason }: AbortSignal): string {
  return messageOf(reason);
}

/** A part that has failed may never answer: the process ends all the same. */
async function closeInTime(worker: Worker, { options }: WorkerSettings): Promise<boolean> {
  const over = new AbortController();
  const limitMs = options['task.shutdown.graceful.timeout.ms'] + CLOSE_MARGIN_MS;
  const limit = realEnv.timers.sleep(limitMs, over.signal).then(
    () => false,
    () => true,
  );
  const closing = worker.close().then(() => true);
  try {
    return await Promise.race([closing, limit]);
  } finally {
    over.abort(new Error('closed'));
  }
}

/** As in Kafka Connect, the worker's own configuration may refer to files and the environment too. */
async function resolved(raw: RawConfig, variables: RunWorkerOptions['variables']): Promise<RawConfig> {
  return new ConfigProviders(realEnv, variables, raw).resolve(raw);
}

async function readFiles({ files, overrides, variables }: RunWorkerOptions) {
  const [first, ...rest] = files;
  const own = first !== undefined && !(await isConnectorPath(first)) ? first : undefined;
  const raw = own === undefined ? {} : await readWorkerConfig(realEnv, own);
  const settings = workerSettings(await resolved({ ...raw, ...overrides }, variables));
  return { settings, connectors: await readConnectorFiles(own === undefined ? files : rest) };
}

function startLevel({ options }: WorkerSettings): LevelName {
  return levelName(options['millrace.log.level']) ?? 'OFF';
}

function openLog(
  { json, colour, terminal }: RunWorkerOptions,
  { options }: WorkerSettings,
  levels: LoggerLevels,
): Promise<LineLog> {
  const format = options['millrace.log.format'];
  const pretty = !json && (format === 'pretty' || (format === 'auto' && terminal));
  return createLogger({ level: levels, destination: { fd: 1 }, pretty, colour });
}

/** All files are validated before the first is applied. */
async function applyFiles(herder: Herder, files: readonly ConnectorFile[]): Promise<void> {
  const problems: string[] = [];
  for (const { path, name, config } of files) {
    const { configs } = await herder.gate.validate(config['connector.class'] ?? '', { name, ...config });
    problems.push(...configs.flatMap(({ value }) => value.errors.map((text) => `${path}: ${text}`)));
  }
  if (problems.length > 0) {
    throw new MillraceError('CONFIG_INVALID', problems.join('\n'), { kind: 'config', remedy: 'Correct these keys.' });
  }
  for (const { name, config } of files) await herder.putConfig(name, config);
}

function announce(log: LineLog, { urls, adminUrls, herder }: Worker, settings: WorkerSettings): void {
  const { options, ignored, listeners, adminListeners } = settings;
  if (ignored.length > 0) log.warn('configuration has keys that nothing reads', { keys: ignored });
  const client = workerClientKeys(settings.effective, readsPlainTls(settings));
  if (client.length > 0) log.warn(CLIENT_KEYS_TOLD, { keys: client, reason: CLIENT_KEYS_REASON });
  log.info('worker is ready', {
    rest: urls.map((url, at) => listeningUrl(url, listeners[at]?.host)),
    ...(adminListeners === null
      ? {}
      : { admin: adminUrls.map((url, at) => listeningUrl(url, adminListeners[at]?.host)) }),
    hub: options['millrace.hub.path'],
    connectors: herder.names().length,
    start_ms: Math.round(performance.now()),
  });
}

/** A worker that listens on every address is named by loopback elsewhere; here it says that others can reach it. */
export function listeningUrl(url: string, host = ''): string {
  const every = ['0.0.0.0', '::', '[::]'].includes(host);
  return every ? url.replace(/\/\/(?:\[[^\]]*\]|[^:/]*)/, `//${host === '::' ? '[::]' : host}`) : url;
}
