/**
 * Rows a second of the source runner: row blocks in memory → JSON without schemas, schema header on →
 * the embedded hub in a thread of its own, `acks=all`. At-least-once against exactly-once, and small
 * source batches.
 *
 *     node test/bench/task-source.ts [rows] [rows per source batch …]     # prints JSON lines
 */
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { Worker, type MessagePort } from 'node:worker_threads';
import type { SourceConnector } from '../../runtime/connector/connector.ts';
import { optionSet } from '../../runtime/connector/options.ts';
import type { SourceBatch, SourceTask, SourceTaskStart } from '../../runtime/connector/source.ts';
import { realEnv as env } from '../../runtime/env/real.ts';
import { connectHub } from '../../runtime/hub/embedded/open.ts';
import { LocalTaskHost } from '../../runtime/task/local-host.ts';
import { sampleBlock, sampleLayout } from '../unit/convert/sample-rows.ts';

const rows = Number(process.argv[2] ?? 1_000_000);
const sizes = process.argv.slice(3).map(Number);
const layout = sampleLayout();
const partition = { server: 'bench' };

/** Gives the same block again and again: what the source itself costs is next to nothing. */
class BlockTask implements SourceTask {
  readonly #block;
  #left = rows;

  constructor(perBatch: number) {
    this.#block = sampleBlock(layout, perBatch);
  }

  open(_start: SourceTaskStart): Promise<void> {
    return Promise.resolve();
  }

  read(): Promise<SourceBatch | null> {
    if (this.#left <= 0) return Promise.resolve(null);
    this.#left -= this.#block.count;
    const index = rows - this.#left;
    return Promise.resolve({
      records: this.#block,
      progress: [{ partition, position: { toOffset: () => ({ index }) } }],
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const connector = (perBatch: number): SourceConnector => ({
  kind: 'source',
  className: `Block${perBatch}`,
  aliases: [],
  version: '1',
  options: optionSet('bench', {}),
  exactlyOnce: true,
  plan: (config) => [config],
  createTask: () => new BlockTask(perBatch),
});

const path = `${tmpdir()}/millrace-bench-task-${process.pid}`;
const worker = new Worker(new URL('./hub-thread.ts', import.meta.url), { workerData: { path } });
const [port] = (await once(worker, 'message')) as [MessagePort];
const hub = await connectHub(port, { path, env });
const say = (message: string): void => void process.stderr.write(`${message}\n`);
const host = new LocalTaskHost({
  env,
  hub,
  connector: (className) => Promise.resolve(connector(Number(className.slice('Block'.length)))),
  log: () => ({ debug: say, info: say, warn: say, error: say }),
});

async function measure(delivery: string, perBatch: number, round: number): Promise<void> {
  const name = `${delivery}-${perBatch}-${round}`;
  const cpu = process.cpuUsage();
  const started = performance.now();
  const config = { name, 'millrace.delivery': delivery };
  const spec = { connector: name, task: 0, epoch: 0, className: `Block${perBatch}`, config, worker: {}, paused: false };
  const task = host.start(spec, () => undefined);
  await task.over;
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const { state, records, bytes, failure } = task.view();
  if (state !== 'ENDED') throw new Error(`${name}: ${state} ${failure?.trace}`);
  console.log(
    JSON.stringify({
      delivery,
      rowsPerSourceBatch: perBatch,
      rowsPerSecond: Math.round(records / seconds),
      bytesPerRow: Math.round(bytes / records),
      cpuSecondsPerMillion: Number(((user + system) / records).toFixed(2)),
      rssMib: Math.round(process.memoryUsage.rss() / 2 ** 20),
    }),
  );
}

for (const perBatch of sizes.length > 0 ? sizes : [1000, 100, 1]) {
  for (let round = 0; round < 2; round++) {
    for (const delivery of ['at-least-once', 'exactly-once']) await measure(delivery, perBatch, round);
  }
}
await host.close();
await hub.close();
worker.postMessage('close', []);
await once(worker, 'exit');
await rm(path, { recursive: true, force: true });
