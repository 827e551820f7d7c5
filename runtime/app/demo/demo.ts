import { indexedRows } from '../../../connectors/elasticsearch/indexed-rows.ts';
import { closeSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskView } from '../../task/host.ts';
import { createLogger } from '../../observe/logger.ts';
import { realEnv } from '../../env/real.ts';
import { MillraceError } from '../../record/error.ts';
import { workerSettings, type WorkerSettings } from '../../settings/worker-settings.ts';
import { loadConnector } from '../plugins/built-in-catalog.ts';
import { Cleanup } from '../cleanup.ts';
import { archivedFiles } from '../../../connectors/s3/archived-files.ts';
import { archiveCopy } from '../verify/archive-copy.ts';
import { loadDuckdb } from '../verify/duckdb.ts';
import { indexCopy, type IndexCopyOptions } from '../verify/index-copy.ts';
import { verify, type NamedCopy, type VerifyReport } from '../verify/verify.ts';
import { startWorker, type Worker } from '../worker.ts';
import { ARCHIVES, archiveConfig, SEARCH, searchConfig, SOURCE, sourceConfig, topicOf } from './demo-connectors.ts';
import { prepareFolder } from './demo-folder.ts';
import { startPostgres, type PostgresServer } from './postgres-server.ts';
import { startSearchServer } from './search-server.ts';
import { ShopIndex, type IndexState } from './shop-index.ts';
import { createShop, dropShop, writeToShop, type ShopActivity, type ShopSize, type ShopWriter } from './shop.ts';

export interface DemoOptions {
  /** A Postgres of the user's own; undefined: one is started. */
  readonly url: string | undefined;
  /** A search server to keep an index in too: the address of one of the user's own, or {@link STARTED}. */
  readonly search: string | undefined;
  /** Folder for the hub and the archives. */
  readonly folder: string;
  /** How long changes are streamed after the snapshot. */
  readonly seconds: number;
  readonly size: ShopSize;
  readonly port: number;
  readonly signal: AbortSignal;
  readonly screen: DemoScreen;
}

/** What the demo shows while it runs. */
export interface DemoScreen {
  step(text: string): void;
  progress(state: DemoState): void;
  report(report: VerifyReport): void;
  watching(hints: DemoHints): void;
  /** It is over: what stays in the folder. */
  left(folder: string): void;
}

export interface DemoState {
  readonly activity: ShopActivity;
  /** What a search finds; null: there is no index, or nothing in it yet. */
  readonly index: IndexState | null;
  /** By connector, one view a task. */
  readonly tasks: ReadonlyMap<string, readonly TaskView[]>;
  /** Infinite: until something happens. */
  readonly secondsLeft: number;
}

export interface DemoHints {
  readonly rest: string;
  readonly hub: string;
  readonly topic: string;
  readonly database: string;
  readonly archives: string;
  /** A search over the index, if there is one. */
  readonly search: string | undefined;
}

/** What a demo works with once it has begun. */
interface Shop {
  readonly url: string;
  readonly folder: string;
  readonly search: { readonly url: string; readonly index: ShopIndex } | undefined;
}

interface Running extends Shop {
  readonly worker: Worker;
  readonly settings: WorkerSettings;
}

/** A search server that the demo starts. */
export const STARTED = 'started';

const PROGRESS_MS = 500;
const SNAPSHOT_LIMIT_MS = 600_000;
const VERIFY_WAIT_MS = 60_000;

/** Runs the demo: source, hub and archives, then the proof. With `watch` it goes on until the signal. */
export async function runDemo(options: DemoOptions, watch: boolean): Promise<VerifyReport> {
  const cleanup = new Cleanup();
  let report: VerifyReport;
  try {
    report = await demonstrate(options, watch, cleanup);
  } finally {
    await cleanup.run();
  }
  options.screen.left(resolve(options.folder));
  return report;
}

async function demonstrate(options: DemoOptions, watch: boolean, cleanup: Cleanup): Promise<VerifyReport> {
  const { screen } = options;
  await loadDuckdb(); // the proof at the end needs it
  const shop = await openShop(options, cleanup);
  const { url, search } = shop;
  const writer = cleanup.add(await writeToShop(url, false), (one) => one.stop());
  screen.step(
    `Starting a worker: an embedded hub, REST, one source, two archives${search ? ' and a search index' : ''}`,
  );
  const running: Running = { ...shop, ...(await openWorker(options, shop.folder, cleanup)) };
  const { worker } = running;
  await createConnectors(running);
  cleanup.defer(() => worker.herder.delete(SOURCE, true));
  search?.index.watch();
  await watchSnapshot(options, running, writer);
  writer.alter();
  await watchProgress(options, running, writer, options.seconds);
  await writer.stop();
  screen.step('The shop is closed for a moment. Proving that nothing was lost');
  const report = await prove(options, running);
  screen.report(report);
  if (watch) await keepRunning(options, running, cleanup);
  return report;
}

/** The folder, the servers, and the shop in the database. */
async function openShop(options: DemoOptions, cleanup: Cleanup): Promise<Shop> {
  const { screen, size } = options;
  const { customers, products, orders } = size;
  const folder = resolve(options.folder);
  await prepareFolder(folder);
  const search = options.search === undefined ? undefined : await openSearch(options.search, options, cleanup);
  const url = options.url ?? (await startDatabase(screen, cleanup)).url;
  screen.step(`Making a shop: ${customers} customers, ${products} products, ${orders} orders, ${orders * 3} items`);
  await createShop(url, size);
  if (options.url !== undefined) cleanup.defer(() => dropShop(url));
  return { url, folder, search };
}

async function openSearch(
  named: string,
  { screen, signal }: DemoOptions,
  cleanup: Cleanup,
): Promise<{ url: string; index: ShopIndex }> {
  let url = named;
  if (named === STARTED) {
    screen.step('Starting OpenSearch (Maven fetches it the first time)');
    const server = await startSearchServer();
    cleanup.defer(() => server.stop());
    ({ url } = server);
  }
  const index = cleanup.add(await ShopIndex.open(url, signal), (one) => one.close());
  screen.step(`Search indexes go to ${index.name}`);
  return { url, index };
}

/** Opens the shop again, until the signal. */
async function keepRunning(options: DemoOptions, running: Running, cleanup: Cleanup): Promise<void> {
  const { worker, url, folder, search } = running;
  options.screen.watching({
    rest: worker.urls[0] ?? '',
    hub: join(folder, 'hub'),
    topic: topicOf('orders'),
    database: url,
    archives: join(folder, 'archive'),
    search: search === undefined ? undefined : `${search.index.shown}/${topicOf('orders')}/_search?q=status:paid`,
  });
  const writer = cleanup.add(await writeToShop(url, true), (one) => one.stop());
  try {
    await watchProgress(options, running, writer, Number.POSITIVE_INFINITY);
  } catch (error) {
    if (!options.signal.aborted) throw error;
  }
}

async function startDatabase(screen: DemoScreen, cleanup: Cleanup): Promise<PostgresServer> {
  screen.step('Starting Postgres 18');
  const server = await startPostgres();
  cleanup.defer(() => server.stop());
  return server;
}

async function openWorker(
  options: DemoOptions,
  folder: string,
  cleanup: Cleanup,
): Promise<{ worker: Worker; settings: WorkerSettings }> {
  const settings = workerSettings({
    'millrace.hub.path': join(folder, 'hub'),
    listeners: `http://127.0.0.1:${options.port}`,
    'offset.flush.interval.ms': '500',
  });
  const log = await createLogger({
    level: 'info',
    destination: openLog(join(folder, 'worker.log'), cleanup),
    pretty: false,
    colour: false,
  });
  const failed = (error: Error): void => log.error('the worker cannot go on', { error });
  const worker = await startWorker({ settings, log, variables: process.env, failed });
  cleanup.defer(() => worker.close());
  return { worker, settings };
}

function openLog(path: string, cleanup: Cleanup): { readonly fd: number } {
  const fd = openSync(path, 'a');
  cleanup.defer(async () => closeSync(fd));
  return { fd };
}

async function createConnectors({ worker: { herder }, url, folder, search }: Running): Promise<void> {
  await herder.create(SOURCE, sourceConfig(url), 'STARTED');
  for (const { name, format, formatClass } of ARCHIVES) {
    await herder.create(name, archiveConfig(join(folder, 'archive', format), formatClass), 'STARTED');
  }
  if (search !== undefined) await herder.create(SEARCH, searchConfig(search.url), 'STARTED');
}

/** Shows progress until the source streams. */
async function watchSnapshot(options: DemoOptions, running: Running, writer: ShopWriter): Promise<void> {
  const deadline = performance.now() + SNAPSHOT_LIMIT_MS;
  while (!isStreaming(running.worker)) {
    if (performance.now() > deadline) {
      throw new MillraceError('DEMO_SNAPSHOT_LIMIT', `the snapshot took longer than ${SNAPSHOT_LIMIT_MS} ms`, {
        kind: 'unavailable',
        remedy: 'Make a smaller shop with --orders, or read worker.log in the folder of the demo.',
      });
    }
    showProgress(options, running, writer, Number.POSITIVE_INFINITY);
    await sleep(PROGRESS_MS, undefined, { signal: options.signal });
  }
}

/** Shows progress until the time is over. */
async function watchProgress(
  options: DemoOptions,
  running: Running,
  writer: ShopWriter,
  seconds: number,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const secondsLeft = Math.max(0, (end - performance.now()) / 1000);
    showProgress(options, running, writer, secondsLeft);
    if (secondsLeft === 0) return;
    await sleep(PROGRESS_MS, undefined, { signal: options.signal });
  }
}

/** A failed task ends the demo with its reason. */
function showProgress(
  { screen }: DemoOptions,
  { worker, search }: Running,
  writer: ShopWriter,
  secondsLeft: number,
): void {
  const tasks = worker.herder.views();
  screen.progress({ activity: writer.activity, index: search?.index.state ?? null, tasks, secondsLeft });
  refuseFailures(tasks);
}

function isStreaming(worker: Worker): boolean {
  return worker.herder.views().get(SOURCE)?.[0]?.stage.startsWith('streaming') === true;
}

function refuseFailures(tasks: DemoState['tasks']): void {
  for (const [connector, views] of tasks) {
    const failure = views.find((view) => view.state === 'FAILED')?.failure;
    if (failure === undefined) continue;
    throw new MillraceError(failure.code, `${connector}: ${failure.message}`, {
      kind: 'bug',
      ...(failure.remedy === undefined ? {} : { remedy: failure.remedy }),
    });
  }
}

async function prove({ signal, screen }: DemoOptions, running: Running): Promise<VerifyReport> {
  const { hub } = running.worker;
  const connector = await loadConnector('postgres');
  if (connector.kind !== 'source') throw new TypeError('postgres is a source');
  const log = await createLogger({ level: 'silent', destination: { fd: 2 }, pretty: false, colour: false });
  const config = { name: SOURCE, ...sourceConfig(running.url) };
  const worker = running.settings.effective;
  return verify({
    hub,
    name: SOURCE,
    connector,
    config,
    worker,
    env: realEnv,
    log,
    signal,
    waitMs: VERIFY_WAIT_MS,
    copies: [
      ...ARCHIVES.map((archive) => demoArchive(archive, hub, running.folder, signal)),
      ...demoIndex(running, { config, worker }),
    ],
    progress: (text) => screen.step(`  ${text}`),
  });
}

function demoIndex({ worker: { hub }, search }: Running, source: IndexCopyOptions['source']): NamedCopy[] {
  if (search === undefined) return [];
  const config = searchConfig(search.url);
  const rows = (topic: string, signal: AbortSignal) => indexedRows({ config, topic, env: realEnv, signal });
  const sink = { name: SEARCH, config, rows };
  return [indexCopy({ hub, env: realEnv, sink, source, waitMs: VERIFY_WAIT_MS })];
}

function demoArchive(
  { name, format, formatClass }: (typeof ARCHIVES)[number],
  hub: Worker['hub'],
  folder: string,
  signal: AbortSignal,
): NamedCopy {
  const config = archiveConfig(join(folder, 'archive', format), formatClass);
  const files = (topic: string): Promise<readonly string[]> =>
    archivedFiles({ config, topic, env: realEnv, signal, folder });
  return archiveCopy({ hub, env: realEnv, archive: { name, sink: { name, config }, files }, waitMs: VERIFY_WAIT_MS });
}
