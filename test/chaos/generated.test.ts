import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MadeUp } from '../../connectors/generator/made-up.ts';
import { generatorOptions } from '../../connectors/generator/options.ts';
import { parseOptions } from '../../runtime/connector/options.ts';
import { readHubTopic } from './harness/read-hub-topic.ts';
import { streamPoints } from './harness/stream-points.ts';
import { hubPath, logLines, startWorker, type WorkerPlace } from './harness/worker-place.ts';
import { generatedFaults } from './history/generated.ts';

/** Kills per delivery: 200 in all, which take more than four minutes; in CI each point is met twice. */
const CYCLES = Number(process.env['MILLRACE_KILLS'] ?? (process.env['CI'] === undefined ? 100 : 30));
const POINTS = [
  ...streamPoints('at-least-once'),
  'hub.before_commit',
  'hub.after_commit',
  'filestream.after_append',
  'filestream.after_sync',
  'filestream.after_journal',
];
const TOPIC = 'routed.made';
/** Records of the generator: so many more than kills let through. */
const GENERATOR = { topic: 'made', throughput: '5000', keys: '40', 'record.bytes': '150', seed: '4711' };

type Delivery = 'at-least-once' | 'exactly-once';

function place(folder: string, delivery: Delivery, records: number): WorkerPlace {
  return {
    folder,
    worker: { 'offset.flush.interval.ms': '50' },
    connectors: {
      made: {
        'connector.class': 'generator',
        ...GENERATOR,
        records: String(records),
        'millrace.delivery': delivery,
        'topic.creation.default.partitions': '3',
        'topic.creation.default.replication.factor': '1',
        transforms: 'route,slim',
        'transforms.route.type': 'org.apache.kafka.connect.transforms.RegexRouter',
        'transforms.route.regex': '(.*)',
        'transforms.route.replacement': 'routed.$1',
        'transforms.slim.type': 'org.apache.kafka.connect.transforms.ReplaceField$Value',
        'transforms.slim.exclude': 'text',
      },
      file: {
        'connector.class': 'FileStreamSink',
        topics: TOPIC,
        file: join(folder, 'out.jsonl'),
        'millrace.file.exactly.once': String(delivery === 'exactly-once'),
      },
    },
  };
}

/** The line a record must be: what the transforms leave of it. */
function expected(value: string): string {
  return value.replace(/,"text":"[^"]*"\}$/, '}');
}

function fileLines(folder: string): string[] {
  const path = join(folder, 'out.jsonl');
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
}

async function hubLines(at: WorkerPlace): Promise<string[]> {
  const lines: string[] = [];
  await readHubTopic(hubPath(at), TOPIC, (record) => void lines.push(String(record.value())));
  return lines;
}

describe.each(['at-least-once', 'exactly-once'] as const)('generator → transforms → hub → file, %s', (delivery) => {
  const folder = mkdtempSync(join(tmpdir(), 'mr-generated-'));
  const made = new MadeUp(parseOptions(generatorOptions, GENERATOR), 0);
  let at: WorkerPlace;
  let count = 0;
  const met = new Map<string, number>();

  beforeAll(() => {
    at = place(folder, delivery, -1);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test(`is killed ${CYCLES} times at named points`, async () => {
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      const point = POINTS[cycle % POINTS.length] ?? '';
      const worker = startWorker(at, `${point}:${1 + (Math.floor(cycle / POINTS.length) % 4) * 3}`);
      const ended = await Promise.race([worker.ended, sleep(30_000)]);
      if (ended === undefined) await worker.kill();
      else expect(ended.signal, JSON.stringify(logLines(at).at(-1))).toBe('SIGKILL');
      if (ended !== undefined) met.set(point, (met.get(point) ?? 0) + 1);
    }
    for (const point of POINTS) expect([point, met.get(point) ?? 0]).not.toEqual([point, 0]);
  }, 900_000);

  test('then runs to the end of what the generator makes', async () => {
    for (const line of await hubLines(at)) count = Math.max(count, (JSON.parse(line) as { sequence: number }).sequence);
    count += 1000;
    at = place(folder, delivery, count);
    const worker = startWorker(at);
    const deadline = performance.now() + 90_000;
    const all = (): boolean => new Set(fileLines(folder)).size >= count;
    while (!all() && performance.now() < deadline) await sleep(100);
    await worker.stop();
    expect(new Set(fileLines(folder)).size).toBe(count);
  }, 120_000);

  test.each(['hub', 'file'])(
    'the %s lacks nothing, keeps the order of every key, and repeats only as promised',
    async (which) => {
      const lines = which === 'hub' ? await hubLines(at) : fileLines(folder);
      const { missing, twice, foreign, outOfOrder } = generatedFaults(lines, made, count, expected);
      console.log(
        `${delivery}, ${which}: ${count} records made, ${lines.length} read, ${twice.length} of them more than once`,
      );
      expect({
        missing: missing.slice(0, 5),
        foreign: foreign.slice(0, 5),
        outOfOrder: outOfOrder.slice(0, 5),
      }).toEqual({
        missing: [],
        foreign: [],
        outOfOrder: [],
      });
      if (delivery === 'exactly-once') expect(twice.slice(0, 5)).toEqual([]);
    },
  );
});

describe('the first lines of a file, exactly-once', () => {
  const made = new MadeUp(parseOptions(generatorOptions, GENERATOR), 0);
  const count = 3000;

  // The journal of an empty file comes before all of them but the first: its sync is the first that is passed.
  test.each([
    'filestream.before_journal',
    'filestream.after_sync:1',
    'filestream.after_journal:1',
    'filestream.after_append:1',
    'sink.after_write:1',
    'filestream.after_sync:2',
    'filestream.after_journal:2',
    'sink.before_commit:1',
  ])(
    'are there once after a kill at %s',
    async (point) => {
      const folder = mkdtempSync(join(tmpdir(), 'mr-first-lines-'));
      try {
        const at = place(folder, 'exactly-once', count);
        expect((await startWorker(at, point).ended).signal).toBe('SIGKILL');
        const worker = startWorker(at);
        const deadline = performance.now() + 60_000;
        while (new Set(fileLines(folder)).size < count && performance.now() < deadline) await sleep(100);
        await worker.stop();
        const { missing, twice, foreign, outOfOrder } = generatedFaults(fileLines(folder), made, count, expected);
        expect({ missing, twice, foreign, outOfOrder }).toEqual({
          missing: [],
          twice: [],
          foreign: [],
          outOfOrder: [],
        });
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    120_000,
  );
});
