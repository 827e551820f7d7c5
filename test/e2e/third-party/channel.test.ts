import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installMillrace, installPackage, writePackage } from './packed.ts';
import { until } from '../../until.ts';

const TABLE = 'millrace-connector-table';
const NOTES = 'millrace-connector-notes';
const manifest = (name: string): string =>
  JSON.stringify({ name, version: '1.0.0', type: 'module', exports: './index.js', millrace: { contract: 1 } });

/** A "database": a JSON file of rows, each with the number of its change. It tells its truth, samples and rewinds. */
const TABLE_CODE = `
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { field, INT64, MillraceError, option, optionSet, parseOptions, STRING, struct, structOf } from 'millrace/connector';
const options = optionSet('table', { file: option.string({ doc: 'The rows.' }), topic: option.string({ doc: 'Where to.' }), odd: option.string({ doc: 'What goes wrong.', default: '' }) });
const KEY = structOf([field('id', STRING)], { name: 'Key' });
const ROW = structOf([field('id', STRING), field('text', STRING)], { name: 'Row', optional: true });
const SOURCE = structOf([field('number', INT64)], { name: 'Source' });
const VALUE = structOf([field('op', STRING), field('after', ROW), field('source', SOURCE)], { name: 'Envelope' });
const rows = async (file) => JSON.parse(await readFile(file, 'utf8'));
const PARTITION = { table: 'rows' };
const record = (topic, { id, text, number }) => ({
  topic,
  key: { schema: KEY, value: struct({ id }) },
  value: { schema: VALUE, value: struct({ op: 'c', after: struct({ id, text }), source: struct({ number: BigInt(number) }) }) },
  source: { partition: PARTITION, offset: { number } },
});
const hashOf = ({ id, text }) => {
  const fields = [id, text].map((value) => Buffer.byteLength(value) + ':' + value).join('');
  return BigInt('0x' + createHash('md5').update(fields).digest('hex').slice(0, 15));
};
class Task {
  constructor(config) { this.options = parseOptions(options, config); }
  async open({ offsets, env }) { this.env = env; this.number = offsets[0]?.offset.number ?? 0; }
  async read(signal) {
    for (;;) {
      const fresh = (await rows(this.options.file)).filter(({ number }) => number > this.number);
      if (fresh.length > 0) {
        this.number = fresh.at(-1).number;
        return { records: fresh.filter(({ lost }) => !lost).map((row) => record(this.options.topic, row)), progress: [{ partition: PARTITION, position: { toOffset: () => ({ number: this.number }) } }] };
      }
      await this.env.timers.sleep(20, signal);
    }
  }
  async close() {}
}
class Source {
  kind = 'source';
  options = options;
  exactlyOnce = true;
  plan(config) { return [config]; }
  createTask(config) { return new Task(config); }
  async sample({ config }, count) { return (await rows(config.file)).slice(-count).map((row) => record(config.topic, row)); }
  async rewind({ config }, stored, to) {
    if (to.kind !== 'offset') throw new MillraceError('TABLE_TARGET', 'the table goes back by offset only', { kind: 'config', key: to.kind });
    const [{ partition, offset } = {}] = stored;
    if (partition === undefined || to.offset >= offset.number) return [];
    const again = (await rows(config.file)).filter(({ number }) => number > Number(to.offset)).length;
    return [{ partition, from: offset, to: { number: Number(to.offset) }, records: again, bytes: null }];
  }
  async truth({ config }) {
    if (config.odd === 'exits') process.exit(7);
    const held = await rows(config.file);
    const last = BigInt(held.at(-1)?.number ?? 0);
    const column = (name) => ({ name, form: 'text', schema: STRING, missing: null, mayBeLeftOut: false });
    return {
      position: 'number ' + last,
      tables: [{
        name: 'rows', topic: config.topic, key: ['id'], columns: [column('id'), column('text')], notCompared: [],
        totals: async () => ({ rows: BigInt(held.length), checksum: held.reduce((sum, row) => sum + hashOf(row), 0n) }),
        rows: async function* () { for (const row of held) yield { key: row.id, hash: hashOf(row) }; },
      }],
      covered: (offsets) => offsets.some(({ offset }) => BigInt(offset.number) >= last),
      includes: ({ number }) => BigInt(number) <= last,
      includedBy: ['number'],
      event: ({ number }) => String(number),
      precedes: (one, other) => BigInt(one.number) < BigInt(other.number),
      placedBy: ['number'],
      close: async () => {},
    };
  }
}
export const connector = new Source();
`;

/** A sink that writes a file for each hundred, takes no shouting, and begins at whole tens only. */
const NOTES_CODE = `
import { MillraceError, option, optionSet, topicPartitionName } from 'millrace/connector';
const textOf = (record) => { const { value } = record.value(); return value === null ? null : value.after.text; };
export const connector = {
  kind: 'sink',
  options: optionSet('notes', { mood: option.string({ doc: 'How it is.', default: 'calm' }) }),
  takesSeveralPerOffset: true,
  plan: (config) => [config],
  createTask: () => ({
    open: async () => {}, assign: async () => {}, revoke: async () => new Map(), close: async () => {},
    write: async (batch) => ({ durable: new Map(batch.map(({ topic, partition, offset }) => [topicPartitionName({ topic, partition }), offset + 1n])) }),
  }),
  async preview({ config }, records) {
    if (config.mood === 'wrong') return { outputs: [{ name: 1 }], rejected: [] };
    const rejected = records.filter((record) => textOf(record) === 'LOUD').map((record) => ({ record, error: new MillraceError('NOTES_LOUD', 'no shouting', { kind: 'data' }) }));
    const [first] = records;
    const bytes = records.reduce((sum, { rawValue }) => sum + rawValue.length, 0);
    return { outputs: [{ name: first.destination + '/' + first.offset + ' of ' + (bytes > 0), records: records.length - rejected.length, complete: false }], rejected };
  },
  async rewindFrom({ config }, places) {
    return config.mood === 'wrong' ? places.map((place) => ({ ...place, offset: place.offset + 1n })) : places.map((place) => ({ ...place, offset: place.offset - (place.offset % 10n) }));
  },
};
`;

let app: string;
let bin: string;
let worker: ChildProcess;
let url = '';
let log = '';

interface Row {
  readonly id: string;
  readonly text: string;
  readonly number: number;
  /** In the database, but not told. */
  readonly lost?: boolean;
}

const rows: Row[] = Array.from({ length: 40 }, (_, i) => ({
  id: `id ${i}`,
  text: i === 38 ? 'LOUD' : `text ${i}`,
  number: i + 1,
}));

beforeAll(async () => {
  app = await mkdtemp(join(tmpdir(), 'millrace-channel-'));
  ({ bin } = await installMillrace(app));
  for (const [name, code] of [
    [TABLE, TABLE_CODE],
    [NOTES, NOTES_CODE],
  ] as const) {
    await writePackage(join(app, name), { 'package.json': manifest(name), 'index.js': code });
    await installPackage(app, join(app, name));
  }
  await save();
  worker = spawn(
    process.execPath,
    [bin, 'worker', '--json', '--set', 'listeners=http://127.0.0.1:0', '--set', 'offset.flush.interval.ms=100'],
    {
      cwd: app,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const take = (part: Buffer): void => {
    log += part.toString();
    url = /"rest":\["([^"]+)"\]/.exec(log)?.[1] ?? url;
  };
  worker.stdout?.on('data', take);
  worker.stderr?.on('data', take);
  await becomes('listening', () => url !== '');
  const source = { 'connector.class': TABLE, topic: 'rows', file: join(app, 'rows.json') };
  expect((await ask('PUT', '/connectors/table/config', source)).status).toBe(201);
  expect((await ask('PUT', '/connectors/notes/config', notes())).status).toBe(201);
  await becomes('read', async () => {
    // Before its first offsets there may be no answer yet.
    const answer = await ask('GET', '/connectors/notes/offsets').catch(() => null);
    return JSON.stringify(answer?.body ?? null).includes(':40');
  });
}, 300_000);

afterAll(async () => {
  worker.kill('SIGKILL');
  if (worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit');
  await rm(app, { recursive: true, force: true });
});

function notes(more: Record<string, string> = {}): Record<string, string> {
  return { 'connector.class': NOTES, topics: 'rows', ...more };
}

/** In one step: the connector reads the file all the time. */
async function save(): Promise<void> {
  const file = join(app, 'rows.json');
  await writeFile(`${file}.new`, JSON.stringify(rows));
  await rename(`${file}.new`, file);
}

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
}

/** Waits for a state; says the worker's log where it does not come. */
const becomes = (what: string, holds: () => boolean | Promise<boolean>): Promise<void> =>
  until(holds, 60_000, () => `${what}: ${log}`);

async function millrace(...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [bin, ...args], { cwd: app, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (part: string) => (out += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (err += part));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

interface Planned {
  readonly connectors: readonly { readonly name: string; readonly sample?: Record<string, unknown> }[];
}

async function planned(name: string, config: Record<string, string>): Promise<Record<string, unknown>> {
  const { body } = await ask('POST', '/plan', { connectors: [{ name, config }], sample: 10, check: false });
  const found = (body as Planned).connectors.find((one) => one.name === name)?.sample;
  if (found === undefined) throw new Error(JSON.stringify(body));
  return found;
}

describe('third-party connectors, across threads', () => {
  test('a plan runs records of the hub through a sink’s preview', async () => {
    const route = {
      transforms: 'r',
      'transforms.r.type': 'RegexRouter',
      'transforms.r.regex': 'rows',
      'transforms.r.replacement': 'notes',
    };
    const sample = await planned('notes', notes(route));
    expect(sample['outputs']).toMatchObject({ after: [{ name: 'notes/30 of true', records: 9, complete: false }] });
    expect(JSON.stringify(sample)).toContain('no shouting');
    // What it answers against the contract is told, and stops nothing.
    expect(JSON.stringify(await planned('notes', notes({ mood: 'wrong' })))).toContain('preview() must give outputs');
  });

  test('a plan runs fresh records of a source through the proposed chain', async () => {
    const config = { 'connector.class': TABLE, topic: 'other', file: join(app, 'rows.json') };
    expect(JSON.stringify(await planned('table', config))).toContain('id 31');
  });

  test('a source goes back by its own offsets, counted first', async () => {
    const dry = await ask('POST', '/connectors/table/rewind', { offset: 35, dry_run: true });
    expect(dry).toMatchObject({
      status: 200,
      body: { partitions: [{ from: { number: 40 }, to: { number: 35 }, records: 5 }] },
    });
    const refused = await ask('POST', '/connectors/table/rewind', { time: '2026-01-01T00:00:00Z', dry_run: true });
    expect(refused).toMatchObject({ status: 400, body: { message: 'the table goes back by offset only' } });
  });

  test('a sink says where it has to begin, and never later than asked for', async () => {
    const dry = await ask('POST', '/connectors/notes/rewind', { offset: 25, dry_run: true });
    expect(dry).toMatchObject({ status: 200 });
    expect(JSON.stringify(dry.body)).toContain('"to":{"kafka_offset":20}');
    expect((await ask('PUT', '/connectors/notes/config', notes({ mood: 'wrong' }))).status).toBe(200);
    const wrong = await ask('POST', '/connectors/notes/rewind', { offset: 25, dry_run: true });
    expect(wrong).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('rewindFrom() must give each place again') as string },
    });
    expect((await ask('PUT', '/connectors/notes/config', notes())).status).toBe(200);
  });

  test('is verified against what it says it holds: equal, a lost row, a connector that ends its thread', async () => {
    const equal = await millrace('verify', 'table', '--json');
    expect(equal).toMatchObject({ code: 0 });
    expect(JSON.parse(equal.out)).toMatchObject({
      position: 'number 40',
      comparisons: [{ table: 'rows', copy: 'hub', equal: true, sourceRows: '40', copyRows: '40', differences: [] }],
    });
    rows.push({ id: 'never told', text: 'x', number: 41, lost: true });
    rows[3] = { id: 'id 3', text: 'changed behind its back', number: 4 };
    await save();
    const lost = await millrace('verify', 'table', '--json');
    expect(lost.code).toBe(1);
    expect(lost.out).toContain('never told');
    expect(lost.out).toContain('id 3');
    const config = JSON.parse(await readFile(join(app, 'rows.json'), 'utf8')) as unknown[];
    expect(config).toHaveLength(41);
    const odd = { 'connector.class': TABLE, topic: 'rows', file: join(app, 'rows.json'), odd: 'exits' };
    expect((await ask('PUT', '/connectors/table/config', odd)).status).toBe(200);
    const exits = await millrace('verify', 'table');
    expect(exits.code).not.toBe(0);
    expect(exits.err).toContain('process.exit(7) was called in it');
  });
});
