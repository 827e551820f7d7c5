import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { codeBlocks, installMillrace, installPackage, writePackage } from './packed.ts';
import { until } from '../../until.ts';

const run = promisify(execFile);
const NAME = 'millrace-connector-disk';
const CONFIG = { 'connector.class': NAME, topic: 'disk', paths: '/, /tmp', 'interval.ms': '20', 'tasks.max': '2' };

let app: string;
let bin: string;
let worker: ChildProcess | null = null;
let url: string;
let log = '';

beforeAll(async () => {
  app = await mkdtemp(join(tmpdir(), 'millrace-third-party-'));
  ({ bin } = await installMillrace(app));
  const [manifest = '{}'] = await codeBlocks('docs/writing-a-connector.md', 'json');
  const [code = '', conformance = ''] = await codeBlocks('docs/writing-a-connector.md', 'js');
  expect(code.split('\n').length).toBeLessThan(100);
  await writePackage(join(app, NAME), {
    'package.json': manifest,
    'index.js': code,
    'conformance.test.js': conformance,
  });
  await installPackage(app, join(app, NAME));
  const other = (name: string, millrace: object): Promise<void> =>
    writePackage(join(app, 'node_modules', name), {
      'package.json': JSON.stringify({ name, version: '3.0.0', type: 'module', ...millrace }),
      'index.js': `console.log('${name} ran'); export const connector = { kind: 'neither' };`,
    });
  await other('no-connector', {});
  await other('from-the-future', { millrace: { contract: 2 } });
  await other('half-a-connector', { millrace: { contract: 1 } });
  await other('exits-at-once', { millrace: { contract: 1 } });
  await writePackage(join(app, 'node_modules', 'exits-at-once'), { 'index.js': 'process.exit(3);' });
  await other('does-not-load', { millrace: { contract: 1 } });
  await writePackage(join(app, 'node_modules', 'does-not-load'), { 'index.js': "import 'not-installed';" });
}, 300_000);

afterAll(() => rm(app, { recursive: true, force: true }));

afterEach(async () => {
  worker?.kill('SIGKILL');
  if (worker !== null && worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit');
  worker = null;
});

async function start(): Promise<void> {
  const args = [
    bin,
    'worker',
    '--json',
    '--set',
    'listeners=http://127.0.0.1:0',
    '--set',
    'exactly.once.source.support=enabled',
  ];
  const child = spawn(process.execPath, args, { cwd: app, stdio: ['ignore', 'pipe', 'pipe'] });
  worker = child;
  log = '';
  const listening = new Promise<string>((resolve) => {
    const take = (part: Buffer): void => {
      log += part.toString();
      const rest = /"rest":\["([^"]+)"\]/.exec(log)?.[1];
      if (rest !== undefined) resolve(rest);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
  });
  const ended = once(child, 'exit').then(() => {
    throw new Error(`the worker ended: ${log}`);
  });
  ended.catch(() => undefined);
  url = await Promise.race([listening, ended]);
}

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const init = {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  };
  const answer = await fetch(`${url}${path}`, init);
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
}

/** Waits for a state; says the worker's log where it does not come. */
const becomes = (what: string, holds: () => boolean | Promise<boolean>): Promise<void> =>
  until(holds, 60_000, () => `${what}: ${log}`);

async function measured(): Promise<Map<string, number[]>> {
  const tail = ['topics', 'tail', 'disk', '--from-beginning', '--no-follow', '--json'];
  const { stdout } = await run(process.execPath, [bin, ...tail], { cwd: app }).catch(() => ({ stdout: '' }));
  const lines = stdout.split('\n').filter((line) => line !== '');
  const records = lines.map(
    (line) => JSON.parse(line) as { key: string; value: { path: string; number: number; free_bytes: number } },
  );
  for (const { key, value } of records)
    expect(value).toMatchObject({ path: key, free_bytes: expect.any(Number) as number });
  const byPath = Map.groupBy(records, ({ key }) => key);
  return new Map([...byPath].map(([path, of]) => [path, of.map(({ value }) => value.number)]));
}

describe('the connector of docs/writing-a-connector.md, installed outside the repository', () => {
  test('runs by the name of its package, survives kill -9, and measures each path once a number', async () => {
    await start();
    expect(await ask('PUT', '/connectors/disk/config', CONFIG)).toMatchObject({
      status: 201,
      body: { type: 'source' },
    });
    const enough = (count: number) => async (): Promise<boolean> => {
      const numbers = await measured();
      return numbers.size === 2 && [...numbers.values()].every(({ length }) => length >= count);
    };
    await becomes('measured 5 times', enough(5));
    expect((await ask('GET', '/connectors/disk/status')).body).toMatchObject({
      connector: { state: 'RUNNING', version: '1.0.0' },
      tasks: [{ state: 'RUNNING' }, { state: 'RUNNING' }],
    });
    worker?.kill('SIGKILL');
    await start();
    const before = Math.max(...[...(await measured()).values()].map(({ length }) => length));
    await becomes('measured on', enough(before + 5));
    for (const numbers of (await measured()).values()) expect(numbers).toEqual(numbers.map((_, i) => i + 1));
  }, 120_000);

  test('is validated, described and planned by its one declaration', async () => {
    await start();
    const path = `/connector-plugins/${NAME}`;
    const described = (await ask('GET', `${path}/config`)).body as {
      name: string;
      documentation: string;
      default_value: string;
    }[];
    expect(described.find(({ name }) => name === 'interval.ms')).toMatchObject({
      default_value: '10000',
      documentation: 'Milliseconds between measurements.',
      type: 'LONG',
    });
    expect((await ask('GET', '/connector-plugins')).body).toContainEqual({
      class: NAME,
      type: 'source',
      version: '1.0.0',
    });
    const wrong = { name: 'disk', 'connector.class': NAME, paths: '', 'interval.ms': 'soon', pahts: '/' };
    const { body } = await ask('PUT', `${path}/config/validate`, wrong);
    const { configs } = body as { configs: { value: { name: string; errors: string[] } }[] };
    const errors = Object.fromEntries(
      configs.filter(({ value }) => value.errors.length > 0).map(({ value }) => [value.name, value.errors[0]]),
    );
    expect(errors).toMatchObject({
      topic: expect.stringContaining('Missing required') as string,
      'interval.ms': expect.stringContaining('Not a number') as string,
      pahts: expect.stringContaining('Did you mean paths?') as string,
    });
    const together = await ask('PUT', '/connectors/none/config', { ...CONFIG, paths: '' });
    expect(together).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('paths: name at least one') as string },
    });
  }, 60_000);

  test.each([
    ['not-there', 'no package not-there is in a folder of plugin.path'],
    ['no-connector', 'its package.json does not say "millrace": {"contract": 1}'],
    ['from-the-future', 'is written for contract 2; this worker has contract 1'],
    ['half-a-connector', 'its `connector.kind` is neither "source" nor "sink"'],
    ['exits-at-once', 'process.exit(3) was called in it'],
    ['does-not-load', "Cannot find package 'not-installed'"],
    [`${NAME}/sink`, 'exports no module for'],
    ['/etc', 'this worker runs connectors by the name of their package only'],
    ['node:fs', 'Failed to find any class'],
  ])('a connector.class of %s is refused: %s', async (className, message) => {
    if (worker === null) await start();
    const { status, body } = await ask('POST', '/connectors', { name: 'x', config: { 'connector.class': className } });
    expect({ status, body }).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining(message) as string },
    });
    expect((await ask('GET', '/connectors')).body).not.toContain('x');
    expect(log).not.toContain('no-connector ran');
  });

  test('passes the contract’s suite, run as the guide shows', async () => {
    const { stdout } = await run(process.execPath, ['--test', join(app, NAME, 'conformance.test.js')], {
      cwd: app,
    });
    expect(stdout).toMatch(/fail 0/);
    expect(Number(/pass (\d+)/.exec(stdout)?.[1])).toBeGreaterThanOrEqual(8);
  }, 60_000);
});
