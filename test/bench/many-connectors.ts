import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { WorkerProcess } from '../e2e/worker-process.ts';

/**
 * Many connectors on one worker: how long until all are RUNNING, made through REST and after a
 * restart of the worker, and what memory they take.
 *
 *     node test/bench/many-connectors.ts --connectors 300
 *
 * Half are sources (a generator of ten records a second), half are sinks (blackhole) that read their topics.
 */
const { values } = parseArgs({ options: { connectors: { type: 'string', default: '300' } } });
const count = Number(values.connectors);
const AT_ONCE = 8;

function configOf(n: number): Record<string, string> {
  const topic = `t${n - (n % 2)}`;
  return n % 2 === 0
    ? { 'connector.class': 'generator', topic, throughput: '10' }
    : { 'connector.class': 'blackhole', topics: topic };
}

async function create(worker: WorkerProcess, n: number): Promise<void> {
  const answer = await fetch(`${worker.url}/connectors`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: `c${n}`, config: configOf(n) }),
  });
  if (answer.status !== 201) throw new Error(`${answer.status}: ${await answer.text()}`);
}

async function createAll(worker: WorkerProcess): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) await create(worker, next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

interface Statuses {
  readonly [name: string]: {
    readonly status: { readonly connector: { state: string }; readonly tasks: readonly { state: string }[] };
  };
}

async function allRunning(worker: WorkerProcess): Promise<void> {
  await worker.until(
    'all running',
    async () => {
      const { body } = await worker.get('/connectors?expand=status');
      const all = Object.values(body as Statuses);
      const isRunning = ({ status }: Statuses[string]): boolean =>
        status.connector.state === 'RUNNING' && status.tasks.length === 1 && status.tasks[0]?.state === 'RUNNING';
      return all.length === count && all.every(isRunning);
    },
    300_000,
  );
}

function memory(worker: WorkerProcess): string {
  const text = readFileSync(`/proc/${worker.pid}/status`, 'utf8');
  const mib = (field: string): number => Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(text)?.[1]) / 1024);
  return `RssAnon ${mib('RssAnon')} MiB`;
}

const folder = await mkdtemp(join(tmpdir(), 'millrace-many-'));
const seconds = (fromMs: number): string => `${((performance.now() - fromMs) / 1000).toFixed(1)} s`;
try {
  const first = await WorkerProcess.start([], folder);
  console.log(`before: ${memory(first)}`);
  const from = performance.now();
  await createAll(first);
  console.log(`${count} created: ${seconds(from)}`);
  await allRunning(first);
  console.log(`${count} RUNNING: ${seconds(from)}, ${memory(first)}`);
  await new Promise((resolve) => setTimeout(resolve, 5000));
  console.log(`5 s later: ${memory(first)}`);
  const stopping = performance.now();
  await first.stop();
  console.log(`drained: ${seconds(stopping)}`);
  const again = performance.now();
  const second = await WorkerProcess.start([], folder);
  await allRunning(second);
  console.log(`${count} RUNNING after a restart of the worker: ${seconds(again)}, ${memory(second)}`);
  await second.kill();
} finally {
  await rm(folder, { recursive: true, force: true });
}
