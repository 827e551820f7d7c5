import { appendFile, mkdtemp, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { fileStreamSink } from '../../../../connectors/filestream/connector.ts';
import { silentContext } from '../../../../runtime/connector/conformance/silent-context.ts';
import type { TaskContext } from '../../../../runtime/connector/context.ts';
import type { SinkRecord, SinkTask } from '../../../../runtime/connector/sink.ts';
import type { Env } from '../../../../runtime/env/env.ts';
import { realEnv } from '../../../../runtime/env/real.ts';

let root: string;
let file: string;
let journal: string;
const { signal } = new AbortController();
const warnings = new Map<string, string | null>();
const context: TaskContext = { ...silentContext('file'), warning: (code, text) => warnings.set(code, text) };

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-files-'));
  file = join(root, 'lines.txt');
  journal = join(root, '.lines.txt.offsets');
  warnings.clear();
  return () => rm(root, { recursive: true });
});

const PARTITION = { topic: 't', partition: 0 };
const once = { 'millrace.file.exactly.once': 'true' };

function record(n: number, text = `line ${n}`): SinkRecord {
  return {
    ...PARTITION,
    offset: BigInt(n),
    timestampMs: 1000 + n,
    headers: [],
    rawKey: null,
    rawValue: Buffer.from(text),
    tombstone: false,
    encoding: 'string',
    key: () => ({ schema: null, value: null }),
    value: () => ({ schema: null, value: text }),
  };
}

/** One that makes no line. */
function undecodable(n: number): SinkRecord {
  const value = (): never => {
    throw new Error('undecodable');
  };
  return { ...record(n), encoding: 'other', value };
}

interface At {
  readonly env?: Env;
  readonly config?: Record<string, string>;
  readonly path?: string;
}

async function sink(offset: number, { env = realEnv, config = once, path = file }: At = {}): Promise<SinkTask> {
  const task = fileStreamSink.createTask({ file: path, ...config });
  await task.open({ env, context, signal });
  await task.assign([{ partition: PARTITION, offset: BigInt(offset) }]);
  return task;
}

async function linesOf(path: string): Promise<string[]> {
  return (await readFile(path, 'utf8')).split('\n').slice(0, -1);
}

const written = (): Promise<string[]> => linesOf(file);
const records = (from: number, to: number): SinkRecord[] =>
  Array.from({ length: to - from }, (_, i) => record(from + i));
const lines = (from: number, to: number): string[] => records(from, to).map(({ offset }) => `line ${offset}`);

/** Writes and flushes all of them, and closes: as a stop does. */
async function wrote(from: number, to: number, at: At = {}): Promise<void> {
  const task = await sink(from, at);
  await task.write(records(from, to), signal);
  await task.flush?.(signal);
  await task.close();
}

class Killed extends Error {}

/** Ends what runs at the n-th passage of any crash point: as a kill does, nothing is done after it. */
function killedAt(passage: number): Env & { readonly met: () => string | undefined } {
  let left = passage;
  let met: string | undefined;
  const crash = (point: string): void => {
    if (left-- > 0) return;
    met ??= point;
    throw new Killed(point);
  };
  return { ...realEnv, crash, met: () => met };
}

describe('filestream-sink', () => {
  const config = {};

  test('appends to what is there, as Kafka Connect’s does', async () => {
    await writeFile(file, 'before\n');
    const task = await sink(0, { config });
    await task.write(records(0, 2), signal);
    expect((await task.flush?.(signal))?.durable).toEqual(new Map([['t-0', 2n]]));
    await task.close();
    expect(await written()).toEqual(['before', 'line 0', 'line 1']);
  });

  test('begins a line of its own behind one that a crash left half', async () => {
    await writeFile(file, 'before\nha');
    await wrote(0, 1, { config });
    expect(await written()).toEqual(['before', 'ha', 'line 0']);
  });

  test('forgets the journal of a time when it was exactly once, which would cut off what comes', async () => {
    await wrote(0, 3);
    await wrote(3, 6, { config });
    await expect(stat(journal)).rejects.toMatchObject({ code: 'ENOENT' });
    await wrote(6, 9);
    expect(await written()).toEqual(lines(0, 9));
  });
});

describe('filestream-sink, exactly once', () => {
  test('cuts off what no flush made durable, and skips what it holds', async () => {
    const first = await sink(0);
    await first.write(records(0, 5), signal);
    await first.flush?.(signal);
    await first.write(records(5, 8), signal);
    await first.close();
    // The hub knows offset 2 only; 5 are durable; 8 were written.
    const second = await sink(2);
    expect(await written()).toHaveLength(5);
    expect(warnings.get('FILESTREAM_REPLAY')).toContain('t-0 up to offset 4');
    await second.write(records(2, 4), signal);
    expect((await second.flush?.(signal))?.durable.size).toBe(0);
    await second.write(records(4, 9), signal);
    expect((await second.flush?.(signal))?.durable).toEqual(new Map([['t-0', 9n]]));
    expect(warnings.get('FILESTREAM_REPLAY')).toBeNull();
    await second.close();
    expect(await written()).toEqual(lines(0, 9));
  });

  test.each([
    ['a file of its own', null],
    ['a file that had content', 'before\n'],
    ['a file that ended within a line', 'before'],
  ])('killed before its first flush: %s keeps what it had, and gets every record once', async (_, content) => {
    if (content !== null) await writeFile(file, content);
    const first = await sink(0);
    await first.write(records(0, 5), signal);
    await first.close();
    await wrote(0, 7);
    expect(await written()).toEqual([...(content === null ? [] : ['before']), ...lines(0, 7)]);
  });

  test('a kill at any point repeats no line and loses none', async () => {
    const script = fc.array(fc.constantFrom('write', 'flush', 'commit'), { minLength: 3, maxLength: 12 });
    const kills = fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 4 });
    const met = new Set<string | undefined>();
    const run = fc.asyncProperty(script, kills, fc.boolean(), async (steps, passages, hasContent) => {
      const path = join(root, `killed-${realEnv.random.uuid()}`);
      if (hasContent) await writeFile(path, 'before\n');
      let committed = 0;
      for (const passage of [...passages, Infinity]) {
        const env = killedAt(passage);
        let task: SinkTask | undefined;
        let next = committed;
        let durable = committed;
        try {
          task = fileStreamSink.createTask({ file: path, ...once });
          await task.open({ env, context, signal });
          await task.assign([{ partition: PARTITION, offset: BigInt(committed) }]);
          for (const step of [...steps, 'flush', 'commit']) {
            if (step === 'write') await task.write(records(next, (next += 3)), signal);
            if (step === 'flush') durable = Number((await task.flush?.(signal))?.durable.get('t-0') ?? durable);
            if (step === 'commit') committed = durable;
          }
        } catch (error) {
          if (!(error instanceof Killed)) throw error;
        }
        met.add(env.met());
        await task?.close();
        if (passage === Infinity)
          expect(await linesOf(path)).toEqual([...(hasContent ? ['before'] : []), ...lines(0, next)]);
      }
    });
    await fc.assert(run, { numRuns: 60 });
    const points = ['before_journal', 'after_sync', 'after_journal', 'after_append'];
    expect([...met]).toEqual(expect.arrayContaining(points.map((point) => `filestream.${point}`)));
  });

  test('takes no notice of a journal that a crash left half written', async () => {
    await wrote(0, 3);
    await writeFile(`${journal}.new`, '{"version":1,"len');
    await wrote(3, 6);
    expect(await written()).toEqual(lines(0, 6));
  });

  test('a journal that cannot be read stops the task, naming it', async () => {
    await wrote(0, 3);
    await writeFile(journal, '{"version":1,"len');
    await expect(sink(3)).rejects.toMatchObject({ code: 'FILESTREAM_OFFSETS_CORRUPT' });
  });

  test('reads journals that do not say what the file ends with', async () => {
    await wrote(0, 3);
    const { tail, ...old } = JSON.parse(await readFile(journal, 'utf8')) as Record<string, unknown>;
    expect(tail).toMatchObject({ bytes: 21 });
    await writeFile(journal, JSON.stringify(old));
    await wrote(1, 6);
    expect(await written()).toEqual(lines(0, 6));
  });

  test('a partition that the journal does not know starts where the group stands', async () => {
    await wrote(0, 3);
    const task = await sink(3);
    await task.assign([{ partition: { topic: 't', partition: 1 }, offset: 1n }]);
    await task.write([{ ...record(1, 'other'), partition: 1 }], signal);
    expect((await task.flush?.(signal))?.durable).toEqual(new Map([['t-1', 2n]]));
    await task.close();
    expect(await written()).toEqual([...lines(0, 3), 'other']);
  });

  test('goes on where the group stands when that is beyond the journal', async () => {
    await wrote(0, 3);
    await wrote(10, 12);
    expect(await written()).toEqual([...lines(0, 3), ...lines(10, 12)]);
  });

  test('a rewind brings no line again and says so; without the journal all come again', async () => {
    await wrote(0, 6);
    const task = await sink(2);
    expect(warnings.get('FILESTREAM_REPLAY')).toContain(`remove ${journal}`);
    await task.write(records(2, 7), signal);
    await task.flush?.(signal);
    await task.close();
    expect(await written()).toEqual(lines(0, 7));
    await rm(journal);
    await wrote(5, 7);
    expect(await written()).toEqual([...lines(0, 7), ...lines(5, 7)]);
  });

  test('a record that made no line marks no place: as a dead letter it does not come again', async () => {
    const first = await sink(0);
    const { rejected } = await first.write([record(0), record(1), undecodable(2)], signal);
    expect(rejected).toHaveLength(1);
    await first.flush?.(signal);
    await first.close();
    // Killed before the commit: the runner leaves its dead letter out.
    const second = await sink(0);
    await second.write([record(0), record(1), record(3)], signal);
    expect((await second.flush?.(signal))?.durable).toEqual(new Map([['t-0', 4n]]));
    await second.close();
    expect(await written()).toEqual(['line 0', 'line 1', 'line 3']);
  });

  test('a dead letter that was refused is not taken for one that the file holds', async () => {
    const first = await sink(0);
    const letters = [
      { record: record(0), id: 'a' },
      { record: undecodable(1), id: 'b' },
    ];
    expect((await first.redrive?.(letters, signal))?.rejected).toHaveLength(1);
    await first.close();
    const second = await sink(2);
    const mended = [letters[0], { record: record(1), id: 'b' }].filter((letter) => letter !== undefined);
    expect((await second.redrive?.(mended, signal))?.rejected).toEqual([]);
    await second.close();
    expect(await written()).toEqual(lines(0, 2));
  });

  test('offsets of a topic that was made anew are not taken for records it holds', async () => {
    await wrote(0, 3);
    const task = await sink(0);
    await task.write([record(0, 'new 0'), record(1, 'new 1')], signal);
    expect((await task.flush?.(signal))?.durable.size).toBe(0);
    await expect(task.write([record(2, 'new 2')], signal)).rejects.toMatchObject({ code: 'FILESTREAM_TOPIC_CHANGED' });
    // Nor by a second attempt.
    await expect(task.write([record(2, 'new 2')], signal)).rejects.toThrow('is another one');
    await task.close();
  });

  test('stops where the record of its last line does not come any more', async () => {
    await wrote(0, 3);
    const task = await sink(0);
    await expect(task.write([record(0), record(3)], signal)).rejects.toThrow('does not come any more');
    await task.close();
    expect(await written()).toEqual(lines(0, 3));
  });
});

describe('filestream-sink, exactly once, a file that others touch', () => {
  beforeEach(() => wrote(0, 3));

  test.each([
    ['shorter', () => truncate(file, 4)],
    ['gone', () => rm(file)],
    ['another one', () => writeFile(file, 'what somebody else wrote, and longer\n')],
  ])('refuses one that is %s, and leaves it as it is', async (_, touch) => {
    await touch();
    const before = await readFile(file, 'utf8').catch(() => '');
    await expect(sink(3)).rejects.toMatchObject({ code: 'FILESTREAM_FILE_CHANGED', kind: 'position', key: 'file' });
    expect(await readFile(file, 'utf8')).toBe(before);
  });

  test('takes a copy that was put back', async () => {
    await writeFile(join(root, 'copy'), await readFile(file));
    await rename(join(root, 'copy'), file);
    await wrote(3, 5);
    expect(await written()).toEqual(lines(0, 5));
  });

  test.each([
    ['written by somebody else', () => appendFile(file, 'foreign\n')],
    ['cut', () => truncate(file, 0)],
    ['moved away', () => rename(file, join(root, 'rotated'))],
    ['removed', () => rm(file)],
  ])('calls nothing durable in one that is %s meanwhile', async (_, touch) => {
    const task = await sink(3);
    await task.write(records(3, 5), signal);
    await touch();
    await expect(task.flush?.(signal)).rejects.toMatchObject({ code: 'FILESTREAM_FILE_CHANGED', kind: 'position' });
    await task.close();
    expect(JSON.parse(await readFile(journal, 'utf8'))).toMatchObject({ length: 21 });
  });

  test('of two tasks that write it, none calls durable what the other wrote over', async () => {
    const zombie = await sink(3);
    await zombie.write(records(3, 5), signal);
    const successor = await sink(3);
    await successor.write(records(3, 5), signal);
    await expect(zombie.write(records(5, 6), signal).then(() => zombie.flush?.(signal))).resolves.toBeDefined();
    await expect(successor.write(records(5, 6), signal).then(() => successor.flush?.(signal))).rejects.toThrow(
      'written by somebody else',
    );
    await zombie.close();
    await successor.close();
  });
});
