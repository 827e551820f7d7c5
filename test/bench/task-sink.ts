/**
 * Records a second of the sink runner: the embedded hub → records → a sink that looks at each record's
 * raw value and calls it durable at once.
 *
 *     node test/bench/task-sink.ts [rows=1000000]     # prints JSON lines
 */
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { SinkConnector } from '../../runtime/connector/connector.ts';
import { optionSet } from '../../runtime/connector/options.ts';
import type { SinkRecord } from '../../runtime/connector/sink.ts';
import { realEnv as env } from '../../runtime/env/real.ts';
import { openHub } from '../../runtime/hub/embedded/open.ts';
import { LocalTaskHost } from '../../runtime/task/local-host.ts';
import { taskConverters } from '../../runtime/task/task-converters.ts';
import { RowEncoder } from '../../runtime/task/source/row-encoder.ts';
import { SchemaHeaders } from '../../runtime/task/source/schema-headers.ts';
import { SourceOutput } from '../../runtime/task/source/source-output.ts';
import { sampleBlock, sampleLayout } from '../unit/convert/sample-rows.ts';

const rows = Number(process.argv[2] ?? 1_000_000);
const PER_BLOCK = 1000;
const path = `${tmpdir()}/millrace-bench-sink-${process.pid}`;
const hub = await openHub({ path, env });
const layout = sampleLayout();

/** Fills the topic through the source runner's encoder. */
async function fill(): Promise<void> {
  const producer = await hub.producer({ acks: 1, createTopics: () => ({ partitions: 1 }) });
  const converters = taskConverters({ config: {}, worker: {} });
  const pending: Promise<unknown>[] = [];
  const output = new SourceOutput({
    producer,
    compression: 'none',
    batchBytes: 512 * 1024,
    unsentBytes: 1e9,
    send: (topic, partition, batch) => void pending.push(producer.append(topic, partition, batch)),
  });
  const encoder = new RowEncoder(converters, new SchemaHeaders(null, converters), output);
  const block = sampleBlock(layout, PER_BLOCK);
  await encoder.prepare(block);
  for (let at = 0; at < rows; at += PER_BLOCK) {
    encoder.encode(block, 0, {
      failed: ({ error }) => {
        throw error;
      },
    });
    if (pending.length > 16) await Promise.all(pending.splice(0));
  }
  output.flush();
  await Promise.all(pending);
  await producer.close();
}

let bytes = 0;
let seen = 0;
const connector: SinkConnector = {
  kind: 'sink',
  className: 'Nothing',
  aliases: [],
  version: '1',
  options: optionSet('bench', {}),
  plan: (config) => [config],
  createTask: () => ({
    open: () => Promise.resolve(),
    assign: () => Promise.resolve(),
    revoke: () => Promise.resolve(new Map()),
    write: (batch: readonly SinkRecord[]) => {
      for (const record of batch) bytes += record.rawValue?.length ?? 0;
      seen += batch.length;
      const last = batch.at(-1);
      const name = `${last?.topic ?? ''}-${last?.partition ?? 0}`;
      return Promise.resolve({ durable: last === undefined ? new Map() : new Map([[name, last.offset + 1n]]) });
    },
    close: () => Promise.resolve(),
  }),
};

await fill();
const nothing = (): void => undefined;
const host = new LocalTaskHost({
  env,
  hub,
  connector: () => Promise.resolve(connector),
  log: () => ({ debug: nothing, info: nothing, warn: nothing, error: nothing }),
});
for (let round = 0; round < 3; round++) {
  bytes = 0;
  seen = 0;
  const name = `sink-${round}`;
  const cpu = process.cpuUsage();
  const started = performance.now();
  const config = { name, topics: layout.topic };
  const spec = { connector: name, task: 0, epoch: 0, className: 'Nothing', config, worker: {}, paused: false };
  const task = host.start(spec, nothing);
  const done = (): boolean => seen >= rows || task.view().state === 'FAILED';
  while (!done()) await env.timers.sleep(2, new AbortController().signal);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await task.stop(5000);
  console.log(
    JSON.stringify({
      recordsPerSecond: Math.round(seen / seconds),
      bytesPerRecord: Math.round(bytes / seen),
      cpuSecondsPerMillion: Number(((user + system) / seen).toFixed(2)),
      rssMib: Math.round(process.memoryUsage.rss() / 2 ** 20),
    }),
  );
}
await host.close();
await hub.close();
await rm(path, { recursive: true, force: true });
