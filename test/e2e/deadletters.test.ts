import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { millrace, WorkerProcess, type Finished } from './worker-process.ts';

const SINK = {
  'connector.class': 'FileStreamSink',
  topics: 'lines',
  'errors.tolerance': 'all',
  'errors.deadletterqueue.topic.name': 'dead',
  'errors.log.enable': 'true',
};
const CAST = { transforms: 'cast', 'transforms.cast.type': 'Cast$Value', 'transforms.cast.spec': 'int32' };

let folder: string;
let worker: WorkerProcess;

const run = (...args: string[]): Promise<Finished> => millrace(['deadletters', ...args, '--url', worker.url], folder);

async function put(name: string, config: object): Promise<void> {
  const answer = await fetch(`${worker.url}/connectors/${name}/config`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(config),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-deadletters-'));
  writeFileSync(join(folder, 'in.txt'), '1\nbad 2\n3\nbad 4\n');
  worker = await WorkerProcess.start(['--set', `millrace.hub.path=${join(folder, 'hub')}`], folder);
  await put('lines', { 'connector.class': 'FileStreamSource', file: join(folder, 'in.txt'), topic: 'lines' });
  await put('sink', { ...SINK, file: join(folder, 'out.txt'), ...CAST });
  await worker.until('put aside', async () => {
    const { body } = await worker.get('/connectors/sink/deadletters');
    return (body as { deadletters: unknown[] }).deadletters.length === 2;
  });
}, 60_000);

afterAll(async () => {
  await worker.kill();
  rmSync(folder, { recursive: true, force: true });
});

describe('millrace deadletters', () => {
  test('lists them, and shows one with its stack only where that is asked for', async () => {
    const list = await run('list', 'sink', '--error', 'TRANSFORM');
    expect(list.code).toBe(0);
    expect(list.out).toMatch(/0\/0 .*open .*TRANSFORMATION .*\n.*0\/1 /);
    const shown = await run('show', 'sink', '0/1');
    expect(shown.out).toMatch(/value +"bad 4"/);
    expect(shown.out).not.toMatch(/\n\s+at /);
    expect((await run('show', 'sink', '0/1', '--stack')).out).toMatch(/\n\s+at /);
    expect(JSON.parse((await run('list', 'sink', '--limit', '1', '--json')).out)).toMatchObject({ more: true });
  });

  test('are logged where errors.log.enable says so', () => {
    expect(worker.log).toContain(
      "Error encountered in task sink-0. Executing stage 'TRANSFORMATION' with class 'Cast$Value'",
    );
  });

  test('refuses to redrive nothing in particular, and what does not exist', async () => {
    expect((await run('redrive', 'sink')).err).toContain('--all');
    expect((await run('list', 'sinc')).err).toContain('sink');
    expect((await run('show', 'sink', '0/99')).err).toContain('DEADLETTERS_NOT_FOUND');
    for (const action of ['redrive', 'discard']) {
      const refused = await run(action, 'sink', '0/1', '0/99');
      expect(refused.err).toContain('there is no dead letter of sink in dead at 0/99');
      expect(refused.err).toContain('DEADLETTERS_NOT_FOUND');
      expect(refused.code).toBe(4);
    }
    expect((await run('list', 'lines')).err).toContain('DEADLETTERS_NONE');
  });

  test('redrives one that fails again with status 1, and all once the connector is mended', async () => {
    const again = await run('redrive', 'sink', '0/0');
    expect(again.code).toBe(1);
    expect(again.out).toContain('1 failed');
    await put('sink', { ...SINK, file: join(folder, 'out.txt') });
    await worker.running('sink');
    const redriven = await run('redrive', 'sink', '--all');
    expect(redriven.out).toContain('is done: 2 meant, 2 redriven');
    expect(redriven.code).toBe(0);
    expect(readFileSync(join(folder, 'out.txt'), 'utf8').split('\n').toSorted()).toEqual(
      ['', '1', '3', 'bad 2', 'bad 4'].toSorted(),
    );
    expect((await run('jobs', 'sink', '--json')).out).toContain('"outcomes":{"redriven":2}');
    expect((await run('list', 'sink')).out).toContain('none in dead');
  });
});
