import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realEnv } from '../../runtime/env/real.ts';
import { openHubForReading } from '../../runtime/hub/embedded/open.ts';
import { murmur2Partition } from '../../runtime/hub/partitioner.ts';
import { records, wholeLog } from '../../runtime/task/redrive/dead-letter-log.ts';
import { millrace, WorkerProcess, type Finished } from './worker-process.ts';

let folder: string;
let worker: WorkerProcess;
let topic: string;
let topics = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mr-produce-'));
  worker = await WorkerProcess.start([], folder);
});

afterAll(async () => {
  await worker?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function cli(args: readonly string[], input?: string): Promise<Finished> {
  return millrace([...args, '--url', worker.url], folder, {}, input);
}

async function newTopic(partitions = 1): Promise<void> {
  topic = `t${++topics}`;
  expect((await cli(['topics', 'create', topic, '--partitions', String(partitions)])).code).toBe(0);
}

interface Stored {
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [string, string | null])[];
}

async function stored(of = topic): Promise<Stored[]> {
  const hub = await openHubForReading({ path: join(folder, 'millrace-data'), env: realEnv });
  const found: Stored[] = [];
  try {
    for (const { partition, from, to } of await wholeLog(hub, of)) {
      for await (const at of records(hub, of, partition, from, to, AbortSignal.timeout(10_000))) {
        const { offset, timestampMs } = at;
        const headers = at
          .headers()
          .map(({ key, value }) => [key, value === null ? null : Buffer.from(value).toString('latin1')] as const);
        found.push({
          partition,
          offset,
          timestampMs,
          key: at.key()?.toString() ?? null,
          value: at.value()?.toString('latin1') ?? null,
          headers,
        });
      }
    }
  } finally {
    await hub.close();
  }
  return found;
}

describe('a record from the command line, while a worker writes the hub', () => {
  test('has key, value, headers, partition and time', async () => {
    await newTopic(3);
    const made = await cli([
      'topics', 'produce', topic, '--key', '{"id":1}', '--value', '{"id":1,"total":12345678901234567890.10}',
      '--header', 'by=me', '--header', 'n=7', '--partition', '2', '--timestamp', '2026-01-31T12:00:00Z', '--json',
    ]); // prettier-ignore
    expect(made).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(made.out)).toEqual({ topic, partition: 2, offset: '0', timestamp: '2026-01-31T12:00:00.000Z' });
    expect(await stored()).toEqual([
      {
        partition: 2,
        offset: 0n,
        timestampMs: Date.parse('2026-01-31T12:00:00Z'),
        key: '{"id":1}',
        value: '{"id":1,"total":12345678901234567890.10}',
        headers: [
          ['by', 'me'],
          ['n', '7'],
        ],
      },
    ]);
  });

  test('goes where other clients put its key, and may be a tombstone or without a key', async () => {
    await newTopic(5);
    expect((await cli(['topics', 'produce', topic, '--key', 'plain', '--value', 'no JSON'])).out).toContain(
      `produced ${topic} `,
    );
    expect((await cli(['topics', 'produce', topic, '--key', 'plain', '--null'])).code).toBe(0);
    expect((await cli(['topics', 'produce', topic, '--value', 'null'])).code).toBe(0);
    const found = await stored();
    const keyed = found.filter(({ key }) => key === '"plain"');
    expect(keyed.map(({ value }) => value)).toEqual(['"no JSON"', null]);
    expect(new Set(keyed.map(({ partition }) => partition))).toEqual(
      new Set([murmur2Partition(Buffer.from('"plain"'), 5)]),
    );
    expect(found.filter(({ key }) => key === null)).toMatchObject([{ value: null }]);
  });

  test.each([
    [['--value-converter', 'string', '--value', '1.0'], '1.0'],
    [['--value-converter', 'bytes', '--value', '{}'], '{}'],
    [['--value-converter', 'long', '--value', '258'], '\0\0\0\0\0\0\u0001\u0002'],
    [
      ['--value-converter', 'org.apache.kafka.connect.converters.DoubleConverter', '--value', '1.5'],
      '\u003f\u00f8\0\0\0\0\0\0',
    ],
    [['--value-converter', 'boolean', '--value', 'true'], '\u0001'],
    [['--value-converter', 'json', '--value', '{"a":1}'], '{"schema":null,"payload":{"a":1}}'],
    [
      ['--value-converter', 'json', '--config', 'value.converter.schemas.enable=false', '--value', '[1,null]'],
      '[1,null]',
    ],
  ])('is written by the converter that %j names', async (args, value) => {
    await newTopic();
    expect(await cli(['topics', 'produce', topic, ...args])).toMatchObject({ code: 0, err: '' });
    expect((await stored())[0]?.value).toBe(value);
  });

  test('is stored with a warning where it begins like JSON and is none', async () => {
    await newTopic();
    const made = await cli(['topics', 'produce', topic, '--key', '[1', '--value', '{bad', '--json']);
    expect(made.code).toBe(0);
    expect(JSON.parse(made.out)).toMatchObject({ topic, offset: '0' });
    expect(made.err).toMatch(
      /^warning: key: not JSON at byte \d+: [^\n]+, so it is stored as a text\nwarning: value: not JSON at byte \d+: [^\n]+, so it is stored as a text\n$/,
    );
    expect(await stored()).toMatchObject([{ key: '"[1"', value: '"{bad"' }]);
    expect(await cli(['topics', 'produce', topic, '--value', '{bad', '--value-converter', 'string'])).toMatchObject({
      code: 0,
      err: '',
    });
    const lines = await cli(['topics', 'produce', topic, '--text'], 'plain\n{"a":1}\n{bad\n');
    expect(lines).toMatchObject({ code: 0, err: expect.stringMatching(/^warning: line 3: value: not JSON[^\n]+\n$/) });
  });

  test.each([
    [['nowhere', '--value', '1'], 4, 'there is no topic nowhere'],
    [['millrace-configs', '--value', '1'], 2, 'keeps its own state in'],
    [['T', '--key', '1'], 2, 'a record needs --value'],
    [['T', '--value', '1', '--null'], 2, 'only one of --value, --null'],
    [['T', '--value', '1', '--partition', '9'], 2, 'record 1: partition 9 is not there: '],
    [['T', '--value', '1', '--timestamp', 'soon'], 2, 'record 1: timestamp must be'],
    [['T', '--value', 'x', '--value-converter', 'long'], 2, 'record 1: value: the int64 converter was given'],
    [['T', '--value', 'x', '--value-converter', 'lang'], 2, 'no converter is called lang'],
    [['T', '--value', 'x', '--config', 'tasks.max=1'], 2, 'tasks.max is no option of a converter'],
    [['T', '--file', 'none.jsonl'], 2, 'none.jsonl'],
    [['T', '--value', '1', '--file', 'a'], 2, 'give --file, or a record'],
    [['T', '--key-separator', ':'], 2, '--key-separator goes with --text'],
  ])('%j is refused, nothing is produced', async ([name = '', ...args], code, message) => {
    await newTopic();
    const made = await cli(['topics', 'produce', name === 'T' ? topic : name, ...args]);
    expect([made.code, made.err]).toEqual([code, expect.stringContaining(message)]);
    expect(await stored()).toEqual([]);
  });

  test('needs the worker', async () => {
    const made = await millrace(['topics', 'produce', 'a', '--value', '1', '--url', 'http://127.0.0.1:1'], folder);
    expect([made.code, made.err]).toEqual([3, expect.stringContaining('no worker answers')]);
  });
});

describe('records from a file or standard input', () => {
  test('are JSON lines, in their order, with every digit', async () => {
    await newTopic();
    const input = [
      '{"key":{"id":1},"value":{"big":123456789012345678901234567890},"headers":[{"key":"a","value":1},{"key":"a","valueBase64":"/w=="}]}',
      '',
      '{"key":{"id":1},"value":null}\r',
      '{"keyBase64":"AAE=","valueText":"text","headers":{"h":"x","none":null},"timestamp":5}',
      '{"value":{"n":7},"valueSchema":{"type":"struct","fields":[{"field":"n","type":"int16","optional":true}],"optional":false}}',
    ].join('\n');
    const made = await cli(['topics', 'produce', topic], input);
    expect(made).toMatchObject({ code: 0, err: '', out: `produced 4 records to ${topic}\n` });
    const found = await stored();
    expect(found.map(({ key, value }) => [key, value])).toEqual([
      ['{"id":1}', '{"big":123456789012345678901234567890}'],
      ['{"id":1}', null],
      ['\0\u0001', '"text"'],
      [null, '{"n":7}'],
    ]);
    expect(found[0]?.headers).toEqual([
      ['a', '1'],
      ['a', '\u00ff'],
    ]);
    expect([found[2]?.headers, found[2]?.timestampMs]).toEqual([
      [
        ['h', 'x'],
        ['none', null],
      ],
      5,
    ]);
    // The schema stands beside it, so typed sinks know it.
    expect(found[3]?.headers.map(([name, value]) => [name, value?.length])).toEqual([['millrace.schema', 16]]);
  });

  test('thousands go in some requests; what tail prints comes back as it was', { timeout: 60_000 }, async () => {
    await newTopic(2);
    const first = topic;
    const lines = Array.from({ length: 3000 }, (_, i) =>
      JSON.stringify({ key: i, value: { i, text: 'ü'.repeat(i % 50) } }),
    );
    writeFileSync(join(folder, 'many.jsonl'), lines.join('\n'));
    expect((await cli(['topics', 'produce', topic, '--file', 'many.jsonl'])).out).toContain('produced 3000 records');
    const tailed = await millrace(['topics', 'tail', first, '--from-beginning', '--no-follow', '--json'], folder);
    await newTopic(2);
    expect(await cli(['topics', 'produce', topic, '--file', '-'], tailed.out)).toMatchObject({ code: 0, err: '' });
    const bare = (one: Stored) => [one.partition, one.timestampMs, one.key, one.value];
    const [from, to] = [(await stored(first)).map(bare), (await stored()).map(bare)];
    expect(from).toHaveLength(3000);
    expect(to).toEqual(from);
  });

  test('may be texts, with a key before a separator', async () => {
    await newTopic();
    const args = [
      '--text',
      '--key-separator',
      '\t',
      '--key-converter',
      'string',
      '--value-converter',
      'string',
      '--json',
    ];
    const made = await cli(['topics', 'produce', topic, ...args], 'a\t1\nb\t2:\t3\n');
    expect(
      made.out
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { offset: string }).offset),
    ).toEqual(['0', '1']);
    expect((await stored()).map(({ key, value }) => [key, value])).toEqual([
      ['a', '1'],
      ['b', '2:\t3'],
    ]);
  });

  test('a request is produced whole or not at all, and its errors name the lines', async () => {
    await newTopic();
    const input = [
      '{"value":1}',
      '{"value":"x"}',
      '',
      '{"valeu":2}',
      '{"value":3,"valueText":"4"}',
      '{"value":5}',
    ].join('\n');
    const made = await cli(['topics', 'produce', topic, '--value-converter', 'integer'], input);
    expect(made.code).toBe(2);
    expect(made.err).toContain('lines 1 to 5, after 0 that were produced: nothing was produced');
    expect(made.err).toContain('line 2: value: the int32 converter was given a value that is no int32');
    expect(made.err).toContain('line 4: unknown field "valeu"');
    expect(made.err).toContain('line 5: give only one of value, valueText, valueBase64');
    expect(await stored()).toEqual([]);
  });

  test('a line that is no record is named', async () => {
    await newTopic();
    expect((await cli(['topics', 'produce', topic], '{"value":1}\nplain\n')).err).toContain(
      'line 2 is not JSON: plain',
    );
    expect((await cli(['topics', 'produce', topic], '[1]\n')).err).toContain('line 1 is no JSON object');
  });

  test('over REST a sink gets them', async () => {
    await newTopic();
    const config = {
      'connector.class': 'FileStreamSink',
      file: join(folder, 'out.txt'),
      topics: topic,
      'value.converter': 'string',
    };
    const made = await fetch(`${worker.url}/connectors`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'sink', config }),
    });
    expect(made.status).toBe(201);
    const answer = await fetch(`${worker.url}/topics/${topic}/records`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ records: [{ value: 'one' }, { value: 'two' }], config: { 'value.converter': 'string' } }),
    });
    expect([answer.status, await answer.json()]).toMatchObject([200, { records: [{ offset: '0' }, { offset: '1' }] }]);
    await worker.until(
      'written',
      async () => (await realEnv.files.readFile(join(folder, 'out.txt'))).toString() === 'one\ntwo\n',
    );
  });
});
