import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { realEnv } from '../../runtime/env/real.ts';
import { openHubForReading } from '../../runtime/hub/embedded/open.ts';
import { records, wholeLog } from '../../runtime/task/redrive/dead-letter-log.ts';
import { WorkerProcess } from '../e2e/worker-process.ts';

/** Every second line is one that the sink's transform does not take. */
const LINES = 600;
const all = Array.from({ length: LINES }, (_, i) => (i % 2 === 0 ? String(i) : `bad ${i}`));

const sinks = {
  file: (folder: string) => ({
    'connector.class': 'FileStreamSink',
    file: join(folder, 'out.txt'),
    'millrace.file.exactly.once': 'true',
  }),
  s3: (folder: string) => ({
    'connector.class': 's3',
    // Each task redrives what is of its partitions.
    'tasks.max': '2',
    'store.url': `file://${join(folder, 'archive')}`,
    'format.class': 'json',
    'flush.size': '50',
    'rotate.schedule.interval.ms': '500',
    timezone: 'UTC',
  }),
};
const CAST = { transforms: 'cast', 'transforms.cast.type': 'Cast$Value', 'transforms.cast.spec': 'int32' };

let folder: string;
let worker: WorkerProcess | null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-redrive-'));
  worker = null;
});

afterEach(async () => {
  if (worker?.alive === true) await worker.kill();
  rmSync(folder, { recursive: true, force: true });
});

async function start(crashAt = ''): Promise<WorkerProcess> {
  const args = ['--set', `millrace.hub.path=${join(folder, 'hub')}`, '--set', 'offset.flush.interval.ms=50'];
  worker = await WorkerProcess.start(args, folder, { MILLRACE_CRASH_AT: crashAt });
  return worker;
}

async function send(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const answer = await fetch(`${worker?.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Record<string, unknown>;
}

async function deadLetters(connector: string, more = ''): Promise<readonly Record<string, unknown>[]> {
  const { deadletters } = await send('GET', `/connectors/${connector}/deadletters?limit=10000${more}`);
  return deadletters as Record<string, unknown>[];
}

/** The values that the target holds, in whatever order. */
function held(kind: keyof typeof sinks): string[] {
  const root = join(folder, kind === 'file' ? 'out.txt' : 'archive');
  const paths = kind === 'file' ? [root] : files(root);
  return paths
    .flatMap((path) => readFileSync(path, 'utf8').split('\n').slice(0, -1))
    .map((line) => {
      return line.startsWith('"') ? (JSON.parse(line) as string) : line;
    });
}

function files(root: string): string[] {
  return readdirSync(root, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith('.')) return [];
    return entry.isDirectory() ? files(join(root, entry.name)) : [join(root, entry.name)];
  });
}

describe.each(['file', 's3'] as const)('a redrive into a %s sink, killed', (kind) => {
  test.each(['redrive.after_write:2', 'redrive.before_commit:1', 'redrive.after_commit:2'])(
    'at %s goes on in the next start: everything is there, once',
    { timeout: 120_000 },
    async (crashAt) => {
      writeFileSync(join(folder, 'in.txt'), `${all.join('\n')}\n`);
      const first = await start(crashAt);
      await send('POST', '/connectors', {
        name: 'lines',
        config: {
          'connector.class': 'FileStreamSource',
          file: join(folder, 'in.txt'),
          topic: 'lines',
          'batch.size': '20',
          'topic.creation.default.partitions': '4',
          'topic.creation.default.replication.factor': '1',
        },
      });
      const sink = { topics: 'lines', 'errors.tolerance': 'all', 'errors.deadletterqueue.topic.name': 'dead' };
      await send('PUT', '/connectors/sink/config', { ...sinks[kind](folder), ...sink, ...CAST });
      await first.until('put aside', async () => (await deadLetters('sink')).length === LINES / 2);
      await send('PUT', '/connectors/sink/config', { ...sinks[kind](folder), ...sink });
      await first.running('sink');
      const { id } = await send('POST', '/connectors/sink/deadletters/redrive', {});
      expect((await first.ended).signal).toBe('SIGKILL');

      const second = await start();
      await second.until('redriven', async () => {
        return (await send('GET', `/connectors/sink/deadletters/jobs/${String(id)}`))['state'] === 'done';
      });
      expect(await send('GET', `/connectors/sink/deadletters/jobs/${String(id)}`)).toMatchObject({
        total: LINES / 2,
        outcomes: { redriven: LINES / 2 },
      });
      await second.until('whole', () => Promise.resolve(held(kind).length >= LINES));
      expect(held(kind).toSorted()).toEqual(all.toSorted());
      expect(await deadLetters('sink')).toEqual([]);
      expect(await deadLetters('sink', '&all=true')).toHaveLength(LINES / 2);
    },
  );
});

/** Values of a topic, as text. */
async function topicValues(topic: string): Promise<string[]> {
  const hub = await openHubForReading({ path: join(folder, 'hub'), env: realEnv });
  const values: string[] = [];
  try {
    for (const { partition, from, to } of await wholeLog(hub, topic)) {
      for await (const at of records(hub, topic, partition, from, to, AbortSignal.timeout(10_000)))
        values.push(at.value()?.toString() ?? 'null');
    }
  } finally {
    await hub.close();
  }
  return values;
}

describe('an exactly-once source with dead letters, killed', () => {
  const source = (): Record<string, string> => ({
    'connector.class': 'FileStreamSource',
    file: join(folder, 'in.txt'),
    topic: 'lines',
    'batch.size': '25',
    'millrace.delivery': 'exactly-once',
    'errors.tolerance': 'all',
    'millrace.errors.deadletterqueue.topic.name': 'dead',
  });
  const good = all.filter((_, i) => i % 2 === 0);
  const bad = all.filter((_, i) => i % 2 === 1);
  const payloads = (values: readonly string[]): string[] =>
    values.map((value) => (JSON.parse(value) as { payload: string }).payload).toSorted();

  test.each(['source.after_append:3', 'source.before_offset:4', 'source.after_commit:3'])(
    'at %s has each record once, in its topic or among the dead letters',
    { timeout: 120_000 },
    async (crashAt) => {
      writeFileSync(join(folder, 'in.txt'), `${all.join('\n')}\n`);
      const first = await start(crashAt);
      await send('POST', '/connectors', { name: 'lines', config: { ...source(), ...CAST } });
      expect((await first.ended).signal).toBe('SIGKILL');
      const second = await start();
      await second.until('put aside', async () => (await deadLetters('lines')).length === bad.length);
      await second.stop();
      expect(payloads(await topicValues('dead'))).toEqual(bad.toSorted());
      expect((await topicValues('lines')).toSorted()).toEqual(good.toSorted());
    },
  );

  test.each(['redrive.before_commit:2', 'redrive.after_commit:1'])(
    'while they are redriven, at %s, produces each once',
    { timeout: 120_000 },
    async (crashAt) => {
      writeFileSync(join(folder, 'in.txt'), `${all.join('\n')}\n`);
      const first = await start(crashAt);
      await send('POST', '/connectors', { name: 'lines', config: { ...source(), ...CAST } });
      await first.until('put aside', async () => (await deadLetters('lines')).length === bad.length);
      await send('PUT', '/connectors/lines/config', source());
      await first.running('lines');
      const { id } = await send('POST', '/connectors/lines/deadletters/redrive', {});
      expect((await first.ended).signal).toBe('SIGKILL');
      const second = await start();
      const job = `/connectors/lines/deadletters/jobs/${String(id)}`;
      await second.until('redriven', async () => (await send('GET', job))['state'] === 'done');
      expect(await send('GET', job)).toMatchObject({ outcomes: { redriven: bad.length } });
      await second.stop();
      const values = (await topicValues('lines')).map((value) => value.replace(/^"(.*)"$/, '$1'));
      expect(values.toSorted()).toEqual(all.toSorted());
    },
  );

  test.each(['redrive.before_commit:2', 'redrive.after_commit:1'])(
    'at %s while lines that it could not read are redriven, produces each once',
    { timeout: 120_000 },
    async (crashAt) => {
      writeFileSync(join(folder, 'in.txt'), Buffer.from(`${all.join('\n')}\n`.replaceAll('bad', 'bäd'), 'latin1'));
      const first = await start(crashAt);
      await send('POST', '/connectors', { name: 'lines', config: source() });
      await first.until('put aside', async () => (await deadLetters('lines')).length === bad.length);
      expect((await deadLetters('lines'))[0]).toMatchObject({ form: 'raw', code: 'FILESTREAM_LINE_NOT_UTF8' });
      await send('PUT', '/connectors/lines/config', { ...source(), 'millrace.line.charset': 'ISO-8859-1' });
      await first.running('lines');
      const { id } = await send('POST', '/connectors/lines/deadletters/redrive', {});
      expect((await first.ended).signal).toBe('SIGKILL');
      const second = await start();
      const job = `/connectors/lines/deadletters/jobs/${String(id)}`;
      await second.until('redriven', async () => (await send('GET', job))['state'] === 'done');
      expect(await send('GET', job)).toMatchObject({ outcomes: { redriven: bad.length } });
      await second.stop();
      const values = (await topicValues('lines')).map((value) => value.replace(/^"(.*)"$/, '$1').replace('bäd', 'bad'));
      expect(values.toSorted()).toEqual(all.toSorted());
    },
  );
});
