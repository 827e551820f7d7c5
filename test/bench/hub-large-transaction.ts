/**
 * Commit latency of a small producer, alone and beside a transaction of gigabytes that stays open,
 * and the start of a hub that was killed with it.
 *
 *     node test/bench/hub-large-transaction.ts [megabytes]        # default 1024
 */
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { Worker, type MessagePort } from 'node:worker_threads';
import { BatchBuilder } from '../../runtime/hub/batch/batch-builder.ts';
import { connectHub, openHub } from '../../runtime/hub/embedded/open.ts';
import { realEnv as env } from '../../runtime/env/real.ts';

const megabytes = Number(process.argv[2] ?? 1024);
const path = `${tmpdir()}/millrace-bench-large-${process.pid}`;
const never = new AbortController().signal;

function batch(records: number, bytes: number): Buffer {
  const builder = new BatchBuilder();
  const value = Buffer.alloc(bytes, 'x');
  for (let i = 0; i < records; i++) builder.add(Date.now(), null, value);
  return builder.finish();
}

const worker = new Worker(new URL('./hub-thread.ts', import.meta.url), { workerData: { path } });
const port = await new Promise<MessagePort>((resolve) => worker.once('message', resolve));
const hub = await connectHub(port, { path, env });
await hub.admin.createTopic('small', 1);
await hub.admin.createTopic('large', 1);

/** One-row appends, a hundred a second, until `until` resolves. */
async function small(name: string, until: Promise<unknown>): Promise<void> {
  const producer = await hub.producer({ acks: 'all' });
  const before = await hub.stats();
  const latencies: number[] = [];
  const over = new AbortController();
  void until.then(() => over.abort());
  while (!over.signal.aborted) {
    const started = performance.now();
    void producer.append('small', 0, batch(1, 200)).then(() => latencies.push(performance.now() - started));
    await env.timers.sleep(10, never);
  }
  await producer.close();
  const after = await hub.stats();
  latencies.sort((a, b) => a - b);
  const at = (p: number): number => Number((latencies[Math.floor(latencies.length * p)] ?? 0).toFixed(2));
  const groupCommits = (after?.commits ?? 0) - (before?.commits ?? 0);
  const meanCommitMs = Number((((after?.commitMs ?? 0) - (before?.commitMs ?? 0)) / groupCommits).toFixed(2));
  console.log(
    JSON.stringify({
      name,
      commits: latencies.length,
      groupCommits,
      meanCommitMs,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      maxMs: at(0.9999),
    }),
  );
}

/** In a thread of its own, as another task would have it. Resolves when all of it is appended; it stays open. */
function large(): Promise<number> {
  const thread = new Worker(new URL('./hub-large-producer.ts', import.meta.url), { workerData: { path, megabytes } });
  const started = performance.now();
  const { promise, resolve } = Promise.withResolvers<number>();
  thread.on('message', (message: string) => {
    if (message === 'connect') worker.postMessage('connect', []);
    else resolve((performance.now() - started) / 1000);
  });
  worker.once('message', (free: MessagePort) => thread.postMessage(free, [free]));
  return promise;
}

try {
  await small('small commits alone', env.timers.sleep(3000, never));
  const writing = large();
  await small(`small commits beside an open transaction of ${megabytes} MB`, writing);
  console.log(JSON.stringify({ name: 'the large one', megabytesPerSecond: Math.round(megabytes / (await writing)) }));
  await worker.terminate();
  const opening = performance.now();
  const again = await openHub({ path, env });
  console.log(JSON.stringify({ name: 'start with it open', openMs: Number((performance.now() - opening).toFixed(1)) }));
  await again.close();
} finally {
  await rm(path, { recursive: true, force: true });
}
process.exit();
