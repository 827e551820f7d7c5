/**
 * The embedded hub: records appended and read per second, commit latency at a given rate, CPU.
 *
 *     node test/bench/hub.ts [seconds]        # prints JSON lines
 *
 * The writer runs in a worker thread, as in a worker of millrace.
 */
import { mkdir, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { Worker } from 'node:worker_threads';
import { BatchBuilder } from '../../runtime/hub/batch/batch-builder.ts';
import { readBatchHeader } from '../../runtime/hub/batch/batch-header.ts';
import type { EmbeddedHub } from '../../runtime/hub/embedded/client/embedded-hub.ts';
import { connectHub } from '../../runtime/hub/embedded/open.ts';
import { realEnv as env } from '../../runtime/env/real.ts';

const seconds = Number(process.argv[2] ?? 5);
const path = `${tmpdir()}/millrace-bench-hub-${process.pid}`;
const forever = new AbortController().signal;

function percentile(sorted: readonly number[], p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? 0;
}

function report(name: string, figures: Record<string, number>): void {
  const rounded = Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, Number(value.toFixed(2))]));
  console.log(JSON.stringify({ name, ...rounded }));
}

function cpuSeconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
}

async function appendThroughput(hub: EmbeddedHub, perBatch: number): Promise<void> {
  const topic = `bulk-${perBatch}`;
  await hub.admin.createTopic(topic, 1);
  const producer = await hub.producer({ acks: 'all' });
  const builder = new BatchBuilder();
  const value = Buffer.alloc(200, 'x');
  const cpu = process.cpuUsage();
  const started = performance.now();
  const underWay = new Set<Promise<unknown>>();
  let records = 0;
  while (performance.now() - started < seconds * 1000) {
    for (let i = 0; i < perBatch; i++) builder.add(1_700_000_000_000 + records, null, value);
    records += perBatch;
    const append = producer.append(topic, 0, builder.finish()).finally(() => underWay.delete(append));
    underWay.add(append);
    if (underWay.size >= 32) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  const tookSeconds = (performance.now() - started) / 1000;
  report(`append, batches of ${perBatch} records of 200 bytes`, {
    recordsPerSecond: records / tookSeconds,
    megabytesPerSecond: (records * 200) / tookSeconds / 1e6,
    cpuSecondsPerMillion: cpuSeconds(cpu) / (records / 1e6),
  });
  await producer.close();
  await readThroughput(hub, topic, records);
}

async function readThroughput(hub: EmbeddedHub, topic: string, records: number): Promise<void> {
  const reader = await hub.reader({ isolation: 'read_committed', maxBytes: 4 * 1024 * 1024 });
  reader.assign([{ topic, partition: 0, offset: 0n }]);
  const cpu = process.cpuUsage();
  const started = performance.now();
  let read = 0;
  while (read < records) {
    for (const batch of await reader.read(1000, forever)) read += readBatchHeader(batch.bytes).count;
  }
  report(`read of ${topic}`, {
    recordsPerSecond: (read / (performance.now() - started)) * 1000,
    cpuSecondsPerMillion: cpuSeconds(cpu) / (read / 1e6),
  });
  await reader.close();
}

/** One-row appends at a fixed rate, each timed until a waiting reader has it. */
async function latency(hub: EmbeddedHub, perSecond: number, transactional: boolean): Promise<void> {
  const topic = `latency-${perSecond}-${transactional}`;
  await hub.admin.createTopic(topic, 1);
  const producer = await hub.producer({ acks: 'all', ...(transactional ? { transactionalId: topic } : {}) });
  const reader = await hub.reader({ isolation: 'read_committed' });
  reader.assign([{ topic, partition: 0, offset: 0n }]);
  const builder = new BatchBuilder();
  const value = Buffer.alloc(200, 'x');
  const total = perSecond * seconds;
  const sentAt: number[] = [];
  const acknowledged: number[] = [];
  const readable: number[] = [];
  const cpu = process.cpuUsage();
  const started = performance.now();
  const reading = (async () => {
    let read = 0;
    while (read < total) {
      for (const batch of await reader.read(1000, forever)) {
        const { count } = readBatchHeader(batch.bytes);
        const now = performance.now();
        for (let i = 0; i < count; i++) readable.push(now - (sentAt[read++] ?? now));
      }
    }
  })();
  while (sentAt.length < total) {
    const due = Math.min(total, ((performance.now() - started) / 1000) * perSecond);
    while (sentAt.length < due) {
      const sent = performance.now();
      sentAt.push(sent);
      builder.add(Date.now(), null, value);
      if (transactional) producer.begin();
      const appended = producer.append(topic, 0, builder.finish());
      const done = transactional ? producer.commit() : appended;
      void done.then(() => acknowledged.push(performance.now() - sent));
    }
    await env.timers.sleep(1, forever);
  }
  await reading;
  const tookSeconds = (performance.now() - started) / 1000;
  acknowledged.sort((a, b) => a - b);
  readable.sort((a, b) => a - b);
  report(`${perSecond} one-row ${transactional ? 'transactions' : 'appends'} a second`, {
    acknowledgedP50: percentile(acknowledged, 0.5),
    acknowledgedP99: percentile(acknowledged, 0.99),
    readableP50: percentile(readable, 0.5),
    readableP99: percentile(readable, 0.99),
    cpuSecondsPerMinute: (cpuSeconds(cpu) / tookSeconds) * 60,
  });
  await producer.close();
  await reader.close();
}

/** What the disk takes for the smallest durable write: the floor of every figure below. */
async function syncCost(): Promise<void> {
  await mkdir(path, { recursive: true });
  const file = await open(`${path}/sync`, 'w');
  const times: number[] = [];
  for (let i = 0; i < 200; i++) {
    const started = performance.now();
    await file.write(Buffer.alloc(8192, i), 0, 8192, i * 8192);
    await file.datasync();
    times.push(performance.now() - started);
  }
  await file.close();
  times.sort((a, b) => a - b);
  report('8 kB written and synced by itself', { p50: percentile(times, 0.5), p99: percentile(times, 0.99) });
}

await syncCost();
const worker = new Worker(new URL('./hub-thread.ts', import.meta.url), { workerData: { path } });
const port = await new Promise<import('node:worker_threads').MessagePort>((resolve) => worker.once('message', resolve));
const hub = await connectHub(port, { path, env });
try {
  await appendThroughput(hub, 1000);
  await appendThroughput(hub, 100);
  await latency(hub, 1000, false);
  await latency(hub, 1000, true);
  await latency(hub, 10, false);
  const stats = await hub.stats();
  report('writer', { commits: stats?.commits ?? 0, meanCommitMs: (stats?.commitMs ?? 0) / (stats?.commits || 1) });
} finally {
  await hub.close();
  worker.postMessage('close', []);
  await new Promise((resolve) => worker.once('exit', resolve));
  await rm(path, { recursive: true, force: true });
}
