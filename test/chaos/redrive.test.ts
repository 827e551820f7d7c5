import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RedrivePlace } from './harness/redrive-place.ts';

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

let place: RedrivePlace;

beforeEach(() => {
  place = new RedrivePlace();
});

afterEach(() => place.close());

/** The values that the target holds, in whatever order. */
function held(kind: keyof typeof sinks): string[] {
  const root = join(place.folder, kind === 'file' ? 'out.txt' : 'archive');
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
      writeFileSync(join(place.folder, 'in.txt'), `${all.join('\n')}\n`);
      const first = await place.start(crashAt);
      await place.send('POST', '/connectors', {
        name: 'lines',
        config: {
          'connector.class': 'FileStreamSource',
          file: join(place.folder, 'in.txt'),
          topic: 'lines',
          'batch.size': '20',
          'topic.creation.default.partitions': '4',
          'topic.creation.default.replication.factor': '1',
        },
      });
      const sink = { topics: 'lines', 'errors.tolerance': 'all', 'errors.deadletterqueue.topic.name': 'dead' };
      await place.send('PUT', '/connectors/sink/config', { ...sinks[kind](place.folder), ...sink, ...CAST });
      await first.until('put aside', async () => (await place.deadLetters('sink')).length === LINES / 2);
      await place.send('PUT', '/connectors/sink/config', { ...sinks[kind](place.folder), ...sink });
      await first.running('sink');
      const id = await place.redrive('sink');
      expect((await first.ended).signal).toBe('SIGKILL');

      const second = await place.start();
      expect(await place.done('sink', id)).toMatchObject({
        total: LINES / 2,
        outcomes: { redriven: LINES / 2 },
      });
      await second.until('whole', () => Promise.resolve(held(kind).length >= LINES));
      expect(held(kind).toSorted()).toEqual(all.toSorted());
      expect(await place.deadLetters('sink')).toEqual([]);
      expect(await place.deadLetters('sink', '&all=true')).toHaveLength(LINES / 2);
    },
  );
});

/** Values of a topic, as text. */
async function topicValues(topic: string): Promise<string[]> {
  const values: string[] = [];
  for await (const at of place.records(topic)) values.push(at.value()?.toString() ?? 'null');
  return values;
}

describe('an exactly-once source with dead letters, killed', () => {
  const source = (): Record<string, string> => ({
    'connector.class': 'FileStreamSource',
    file: join(place.folder, 'in.txt'),
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
      writeFileSync(join(place.folder, 'in.txt'), `${all.join('\n')}\n`);
      const first = await place.start(crashAt);
      await place.send('POST', '/connectors', { name: 'lines', config: { ...source(), ...CAST } });
      expect((await first.ended).signal).toBe('SIGKILL');
      const second = await place.start();
      await second.until('put aside', async () => (await place.deadLetters('lines')).length === bad.length);
      await second.stop();
      expect(payloads(await topicValues('dead'))).toEqual(bad.toSorted());
      expect((await topicValues('lines')).toSorted()).toEqual(good.toSorted());
    },
  );

  /**
   * Puts the bad lines aside, redrives them by another configuration, is killed at the point and goes on:
   * the first dead letter, and at the end the values of the topic.
   */
  async function redrivenOver(
    crashAt: string,
    lines: string | Buffer,
    config: Record<string, string>,
    mended: Record<string, string>,
  ): Promise<{ letter: Record<string, unknown> | undefined; values: string[] }> {
    writeFileSync(join(place.folder, 'in.txt'), lines);
    const first = await place.start(crashAt);
    await place.send('POST', '/connectors', { name: 'lines', config });
    await first.until('put aside', async () => (await place.deadLetters('lines')).length === bad.length);
    const [letter] = await place.deadLetters('lines');
    await place.send('PUT', '/connectors/lines/config', mended);
    await first.running('lines');
    const id = await place.redrive('lines');
    expect((await first.ended).signal).toBe('SIGKILL');
    const second = await place.start();
    expect(await place.done('lines', id)).toMatchObject({ outcomes: { redriven: bad.length } });
    await second.stop();
    return { letter, values: (await topicValues('lines')).map((value) => value.replace(/^"(.*)"$/, '$1')) };
  }

  test.each(['redrive.before_commit:2', 'redrive.after_commit:1'])(
    'while they are redriven, at %s, produces each once',
    { timeout: 120_000 },
    async (crashAt) => {
      const { values } = await redrivenOver(crashAt, `${all.join('\n')}\n`, { ...source(), ...CAST }, source());
      expect(values.toSorted()).toEqual(all.toSorted());
    },
  );

  test.each(['redrive.before_commit:2', 'redrive.after_commit:1'])(
    'at %s while lines that it could not read are redriven, produces each once',
    { timeout: 120_000 },
    async (crashAt) => {
      const lines = Buffer.from(`${all.join('\n')}\n`.replaceAll('bad', 'bäd'), 'latin1');
      const mended = { ...source(), 'millrace.line.charset': 'ISO-8859-1' };
      const { letter, values } = await redrivenOver(crashAt, lines, source(), mended);
      expect(letter).toMatchObject({ form: 'raw', code: 'FILESTREAM_LINE_NOT_UTF8' });
      expect(values.map((value) => value.replace('bäd', 'bad')).toSorted()).toEqual(all.toSorted());
    },
  );
});
