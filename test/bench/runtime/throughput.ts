/**
 * Generator → hub, hub → blackhole, both through a chain of three transforms, and exactly-once.
 *
 *     npm run build && node test/bench/runtime/throughput.ts [records]
 */
import { join } from 'node:path';
import { realEnv as env } from '../../../runtime/env/real.ts';
import { openHubForReading } from '../../../runtime/hub/embedded/open.ts';
import { sinkGroup } from '../../../runtime/task/sink/sink-group.ts';
import { ProcessMeter } from '../process-meter.ts';
import { BenchWorker, secondsFor } from './worker.ts';

const [records = '2000000'] = process.argv.slice(2);
const count = Number(records);
const TOPIC = 'made';

const THREE = {
  transforms: 'rename,mark,route',
  'transforms.rename.type': 'org.apache.kafka.connect.transforms.ReplaceField$Value',
  'transforms.rename.renames': 'key:name',
  'transforms.mark.type': 'org.apache.kafka.connect.transforms.InsertField$Value',
  'transforms.mark.static.field': 'origin',
  'transforms.mark.static.value': 'bench',
  'transforms.route.type': 'org.apache.kafka.connect.transforms.RegexRouter',
  'transforms.route.regex': '(.*)',
  'transforms.route.replacement': '$1',
};

const FILTER = {
  transforms: 'some',
  'transforms.some.type': 'io.millrace.transforms.FilterWhere',
  'transforms.some.condition': "value.key != ''",
};

interface Line {
  readonly name: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakAnonymousMib: number;
}

async function source(name: string, extra: Readonly<Record<string, string>>): Promise<Line> {
  const worker = await BenchWorker.start();
  try {
    const meter = new ProcessMeter(worker.pid);
    await worker.create('made', generator(extra));
    const seconds = await made(worker);
    return { name, seconds, ...meter.stop() };
  } finally {
    await worker.stop();
  }
}

/** Fills the hub first, then measures the sink alone. */
async function sink(name: string, extra: Readonly<Record<string, string>>): Promise<Line> {
  const worker = await BenchWorker.start();
  try {
    await worker.create('made', generator({}));
    await made(worker);
    const hub = await openHubForReading({ path: join(worker.folder, 'hub'), env });
    try {
      const meter = new ProcessMeter(worker.pid);
      // What is counted are its commits: often enough for some seconds of work.
      const often = { 'offset.flush.interval.ms': '20' };
      const sinkConfig = { 'connector.class': 'blackhole', topics: TOPIC, ...often, ...extra };
      await worker.create('drop', { ...sinkConfig, 'consumer.override.auto.offset.reset': 'earliest' });
      const seconds = await secondsFor(count, async () => {
        const offsets = await hub.groups.offsets(sinkGroup('drop', {}));
        return Number(offsets[0]?.offset ?? 0n);
      });
      return { name, seconds, ...meter.stop() };
    } finally {
      await hub.close();
    }
  } finally {
    await worker.stop();
  }
}

function generator(extra: Readonly<Record<string, string>>): Record<string, string> {
  return {
    'connector.class': 'generator',
    topic: TOPIC,
    records: String(count),
    throughput: '-1',
    'record.bytes': '200',
    ...extra,
  };
}

async function made(worker: BenchWorker): Promise<number> {
  const hub = await openHubForReading({ path: join(worker.folder, 'hub'), env });
  try {
    const of = { topic: TOPIC, partition: 0 };
    return await secondsFor(count, async () =>
      (await hub.admin.describe(TOPIC)) === null ? 0 : Number((await hub.admin.offsets(of, 'read_committed')).latest),
    );
  } finally {
    await hub.close();
  }
}

const lines = [
  await source('generator → hub', {}),
  await source('the same, exactly-once', { 'millrace.delivery': 'exactly-once' }),
  await source('the same, three transforms', THREE),
  await sink('hub → blackhole', {}),
  await sink('the same, values decoded', { decode: 'true' }),
  await sink('the same, three transforms', { ...THREE, decode: 'true' }),
  await sink('the same, a FilterWhere that needs values', FILTER),
];
for (const { name, seconds, cpuSeconds, peakAnonymousMib } of lines) {
  const perMillion = ((cpuSeconds / count) * 1e6).toFixed(2);
  console.log(JSON.stringify({ name, recordsPerSecond: Math.round(count / seconds), perMillion, peakAnonymousMib }));
}
