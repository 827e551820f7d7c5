import { request as httpRequest } from 'node:http';
import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DETAILS_HEADER, errorOf } from '../../../runtime/rest/api.ts';
import { startTestWorker, type TestWorker } from '../cluster/test-worker.ts';
import { testServer } from './test-server.ts';

let worker: TestWorker;
let app: FastifyInstance;

beforeAll(async () => {
  worker = await startTestWorker();
  app = testServer(worker, { rewinder: { rewind: () => Promise.reject(new Error('asked')) } });
});

afterAll(async () => {
  await app.close();
  await worker.close();
});

const HALF = '\ud800';
const good = { 'connector.class': 'FileStreamSource', file: '/tmp/none', topic: 'lines' };

async function ask(method: 'POST' | 'PUT' | 'PATCH', url: string, body: unknown) {
  const payload = Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const answer = await app.inject({ method, url, headers: { 'content-type': 'application/json' }, payload });
  const { message } = answer.json<{ message: string }>();
  return { status: answer.statusCode, message, error: errorOf(message, String(answer.headers[DETAILS_HEADER] ?? '')) };
}

describe('a text that UTF-8 has no bytes for', () => {
  it.each([
    ['POST', '/connectors', { name: `a${HALF}`, config: good }, 'name'],
    ['POST', '/connectors', { name: 'a', config: { ...good, name: HALF } }, 'name'],
    ['POST', '/connectors', { name: 'a', config: { ...good, file: `/tmp/\udfff` } }, 'file'],
    ['POST', '/connectors', { name: 'a', config: { ...good, [`x${HALF}`]: '1' } }, '"x\\ud800"'],
    ['PUT', '/connectors/a/config', { ...good, topic: HALF }, 'topic'],
    ['PATCH', '/connectors/a/config', { topic: HALF }, 'topic'],
    ['POST', '/topics', { name: HALF }, 'name'],
    ['POST', '/topics', { name: 'a', config: { 'cleanup.policy': HALF } }, 'cleanup.policy'],
    ['PATCH', '/connectors/a/offsets', { offsets: [{ partition: { filename: HALF }, offset: null }] }, 'filename'],
    ['POST', '/connectors/a/rewind', { offsets: { [HALF]: 1 } }, '"\\ud800"'],
    ['PUT', '/connector-plugins/FileStreamSource/config/validate', { ...good, file: HALF }, 'file'],
    ['PUT', '/admin/loggers/root', { level: HALF }, 'level'],
  ] as const)('is refused before anything is made of it: %s %s %j', async (method, url, body, key) => {
    const { status, error } = await ask(method, url, body);
    expect({ status, key: error?.key, code: error?.code }).toEqual({ status: 400, key, code: 'REQUEST_TEXT' });
    expect(worker.configs.names()).toEqual([]);
  });

  it('is refused as bytes too', async () => {
    const body = Buffer.from(JSON.stringify({ name: 'a?', config: good }));
    body[body.indexOf('?')] = 0xff;
    expect(await ask('POST', '/connectors', body)).toMatchObject({ status: 400, message: 'The body is not UTF-8' });
    expect((await ask('PUT', '/connectors/%ed%a0%80/config', good)).status).toBe(400);
    expect(worker.configs.names()).toEqual([]);
  });

  it('takes whole pairs, written as escapes', async () => {
    const body = Buffer.from(`{"name":"\\ud83d\\ude00","config":${JSON.stringify(good)}}`);
    expect((await ask('POST', '/connectors', body)).status).toBe(201);
    await worker.herder.delete('😀', false);
  });

  it('leads to no 500 and no half change, wherever it stands', async () => {
    const texts = fc.string({ unit: 'binary', maxLength: 4 }).map((text) => text + HALF);
    const places = fc.constantFrom('name', 'key', 'value', 'topic');
    await fc.assert(
      fc.asyncProperty(texts, places, async (text, place) => {
        const config = {
          ...good,
          ...(place === 'key' ? { [text]: 'x' } : {}),
          ...(place === 'value' || place === 'topic' ? { [place]: text } : {}),
        };
        const { status } = await ask('POST', '/connectors', { name: place === 'name' ? text : 'n', config });
        expect(status).toBe(400);
        expect(worker.configs.names()).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a name that no address can have', () => {
  it.each(['.', '..'])('%s is refused, by its key', async (name) => {
    const answers = [
      await ask('POST', '/connectors', { name, config: good }),
      await ask('POST', '/connectors', { name: 'a', config: { ...good, name } }),
    ];
    for (const { status, error } of answers) {
      expect({ status, key: error?.key }).toEqual({ status: 400, key: 'name' });
    }
    expect(worker.configs.names()).toEqual([]);
  });

  it('is refused, and found where it was stored before, by clients that send an address as it is', async () => {
    await worker.configs.putConfig('..', { ...good, name: '..' }, 'STOPPED');
    const own = testServer(worker);
    const { port } = new URL(await own.listen({ host: '127.0.0.1', port: 0 }));
    const status = (method: string, path: string, body = ''): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const headers = body === '' ? {} : { 'content-type': 'application/json' };
        const sent = httpRequest({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        });
        sent.on('error', reject).end(body);
      });
    expect(await status('PUT', '/connectors/%2E/config', JSON.stringify(good))).toBe(400);
    expect(await status('GET', '/connectors/%2E%2E')).toBe(200);
    expect(await status('DELETE', '/connectors/..')).toBe(204);
    expect(await status('GET', '/connectors/%2e%2e')).toBe(404);
    await own.close();
  });

  it('does not keep names that only begin so from working', async () => {
    for (const name of ['...', '..a', '.a', '../a', '/..']) {
      expect((await ask('POST', '/connectors', { name, config: good })).status).toBe(201);
      const url = `/connectors/${encodeURIComponent(name)}`;
      expect((await app.inject({ method: 'DELETE', url })).statusCode).toBe(204);
    }
  });
});

describe('a place to rewind to that is none', () => {
  it.each([
    [{ time: 1e300 }, 'time'],
    [{ time: 1.5 }, 'time'],
    [{ time: -1 }, 'time'],
    [{ offset: 1e30 }, 'offset'],
    [{ offset: 2 ** 53 }, 'offset'],
    [{ offsets: { 'a-0': -1 } }, 'offsets'],
    [{ lsn: 'zz' }, 'lsn'],
  ])('%j is refused with a code', async (body, key) => {
    const { status, error } = await ask('POST', '/connectors/a/rewind', body);
    expect({ status, key: error?.key, code: error?.code }).toEqual({ status: 400, key, code: 'REWIND_INVALID' });
  });
});
