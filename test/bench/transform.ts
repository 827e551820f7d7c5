/**
 * Records a second of the source runner with a chain of transforms against none: records of a connector
 * that makes them one by one, and rows of raw cells, which a chain turns into values unless it looks at
 * topics only. JSON
 * without schemas, schema header on, the embedded hub in a thread of its own, `acks=all`.
 *
 *     node test/bench/transform.ts [records]     # prints JSON lines, the best of three runs each
 */
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { Worker, type MessagePort } from 'node:worker_threads';
import type { SourceConnector } from '../../runtime/connector/connector.ts';
import { optionSet } from '../../runtime/connector/options.ts';
import type { SourceBatch, SourceRecord, SourceTask } from '../../runtime/connector/source.ts';
import { realEnv as env } from '../../runtime/env/real.ts';
import { connectHub } from '../../runtime/hub/embedded/open.ts';
import { field, INT32, INT64, OPTIONAL_STRING, STRING, structOf } from '../../runtime/record/schema-builder.ts';
import { struct } from '../../runtime/record/value.ts';
import { LocalTaskHost } from '../../runtime/task/local-host.ts';
import { sampleBlock, sampleLayout } from '../unit/convert/sample-rows.ts';

const count = Number(process.argv[2] ?? 500_000);
const PER_BATCH = 1000;

const schema = structOf([
  field('id', INT64),
  field('customer', STRING),
  field('status', STRING),
  field('quantity', INT32),
  field('note', OPTIONAL_STRING),
]);
const keySchema = structOf([field('id', INT64)]);
/** About 200 bytes as JSON. */
const records: readonly SourceRecord[] = Array.from({ length: PER_BATCH }, (_, i) => ({
  topic: 'orders',
  key: { schema: keySchema, value: struct({ id: BigInt(i) }) },
  value: {
    schema,
    value: struct({ id: BigInt(i), customer: `customer ${i}`, status: 'paid', quantity: i % 7, note: 'x'.repeat(100) }),
  },
  timestampMs: 1_700_000_000_000 + i,
}));
const layout = sampleLayout();

function task(batch: () => SourceBatch['records']): SourceTask {
  const given = batch();
  let left = count;
  return {
    open: () => Promise.resolve(),
    read: () => {
      if (left <= 0) return Promise.resolve(null);
      left -= PER_BATCH;
      const index = count - left;
      const progress = [{ partition: { server: 'bench' }, position: { toOffset: () => ({ index }) } }];
      return Promise.resolve({ records: given, progress });
    },
    close: () => Promise.resolve(),
  };
}

const connector = (className: string): SourceConnector => ({
  kind: 'source',
  className,
  aliases: [],
  version: '1',
  options: optionSet('bench', {}),
  exactlyOnce: true,
  plan: (config) => [config],
  createTask: () => task(className === 'Rows' ? () => sampleBlock(layout, PER_BATCH) : () => records),
});

const chain = {
  transforms: 'mark,short,route',
  'transforms.mark.type': 'InsertField$Value',
  'transforms.mark.static.field': 'origin',
  'transforms.mark.static.value': 'bench',
  'transforms.short.type': 'ReplaceField$Value',
  'transforms.short.renames': 'origin:o,note:n',
  'transforms.route.type': 'RegexRouter',
  'transforms.route.regex': '(.*)',
  'transforms.route.replacement': 'out-$1',
};

const path = `${tmpdir()}/millrace-bench-transform-${process.pid}`;
const worker = new Worker(new URL('./hub-thread.ts', import.meta.url), { workerData: { path } });
const [port] = (await once(worker, 'message')) as [MessagePort];
const hub = await connectHub(port, { path, env });
const say = (message: string): void => void process.stderr.write(`${message}\n`);
const host = new LocalTaskHost({
  env,
  hub,
  connector: (className) => Promise.resolve(connector(className)),
  log: () => ({ debug: () => undefined, info: () => undefined, warn: say, error: say }),
});

async function run(className: string, more: Record<string, string>, round: number): Promise<number> {
  const name = `${className}-${Object.keys(more).length}-${round}`;
  const started = performance.now();
  const spec = { connector: name, task: 0, epoch: 0, className, config: { name, ...more }, worker: {}, paused: false };
  const running = host.start(spec, () => undefined);
  await running.over;
  const { state, failure } = running.view();
  if (state !== 'ENDED') throw new Error(`${name}: ${state} ${failure?.trace}`);
  return count / ((performance.now() - started) / 1000);
}

const routed = Object.fromEntries(
  Object.entries({ ...chain, transforms: 'route' }).filter(([key]) => !/mark|short/.test(key)),
);
const measured = [
  ['Records', 'three', chain],
  ['Rows', 'three', chain],
  ['Rows', 'RegexRouter', routed],
] as const;

for (const [className, what, config] of measured) {
  const best = { none: 0, chain: 0 };
  for (let round = 0; round < 3; round++) {
    best.none = Math.max(best.none, await run(className, {}, round));
    best.chain = Math.max(best.chain, await run(className, config, round));
  }
  console.log(
    JSON.stringify({
      source: className,
      chain: what,
      withoutPerSecond: Math.round(best.none),
      withChainPerSecond: Math.round(best.chain),
      cost: `${Math.round((1 - best.chain / best.none) * 100)} %`,
      microsecondsPerRecord: Number((1e6 / best.chain - 1e6 / best.none).toFixed(2)),
    }),
  );
}
await host.close();
await hub.close();
worker.postMessage('close', []);
await once(worker, 'exit');
await rm(path, { recursive: true, force: true });
