import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestWorker, type TestWorker } from '../cluster/test-worker.ts';
import { testServer } from './test-server.ts';

let worker: TestWorker;
let app: FastifyInstance;

beforeAll(async () => {
  worker = await startTestWorker();
  app = testServer(worker, { allowOrigin: '' });
});

afterAll(async () => {
  await app.close();
  await worker.close();
});

const json = { 'content-type': 'application/json' };

describe('the REST server', () => {
  it('refuses a body that is too large', async () => {
    const payload = JSON.stringify({ name: 'a', config: { file: 'x'.repeat(70_000) } });
    const answer = await app.inject({ method: 'POST', url: '/connectors', headers: json, payload });
    expect(answer.statusCode).toBe(413);
    expect(answer.json()).toMatchObject({ error_code: 413 });
  });

  it('refuses a name too long to be asked for in a path', async () => {
    const payload = JSON.stringify({ name: 'n'.repeat(1001), config: { 'connector.class': 'FileStreamSource' } });
    const answer = await app.inject({ method: 'POST', url: '/connectors', headers: json, payload });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ error_code: 400, message: expect.stringContaining('name must have') });
  });

  it('refuses commands of a page of another origin', async () => {
    const headers = { origin: 'http://evil.example', host: '127.0.0.1:8083' };
    const answer = await app.inject({ method: 'POST', url: '/connectors/a/restart', headers });
    expect(answer.statusCode).toBe(403);
  });

  it('lets pages of its own and of the allowed origin in', async () => {
    const own = await app.inject({ url: '/connectors', headers: { origin: 'http://h:1', host: 'h:1' } });
    expect(own.statusCode).toBe(200);
    const open = testServer(worker, { allowOrigin: 'http://console.example', allowMethods: 'GET' });
    const answer = await open.inject({
      url: '/connectors',
      headers: { origin: 'http://console.example', host: 'h:1' },
    });
    expect(answer.headers['access-control-allow-origin']).toBe('http://console.example');
    await open.close();
  });

  it('serves metrics to a scraper that takes only text', async () => {
    const answer = await app.inject({ url: '/metrics', headers: { accept: 'text/plain' } });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toContain('text/plain');
  });

  it('answers 403 where topics are not tracked', async () => {
    const untracked = testServer(worker, { topicTracking: false });
    expect((await untracked.inject('/connectors/a/topics')).statusCode).toBe(403);
    await untracked.close();
  });

  it('creates topics of the hub', async () => {
    const payload = JSON.stringify({ name: 'made', partitions: 2 });
    const made = await app.inject({ method: 'POST', url: '/topics', headers: json, payload });
    expect(made.statusCode).toBe(201);
    expect((await app.inject('/topics')).json()).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'made', partitions: 2 })]),
    );
    const bad = await app.inject({
      method: 'POST',
      url: '/topics',
      headers: json,
      payload: '{"name":"x","partitions":0}',
    });
    expect(bad.statusCode).toBe(400);
  });

  it('answers no request with an unexpected error, whatever its body and path', async () => {
    const methods = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE' as const);
    const names = fc.oneof(fc.constantFrom('a', '..', '%2F', '__proto__', 'constructor'), fc.webSegment());
    const paths = fc.constantFrom(
      '',
      '/config',
      '/status',
      '/tasks',
      '/offsets',
      '/pause',
      '/stop',
      '/resume',
      '/topics',
      '/restart',
      '/tasks/0/restart',
      '/progress',
    );
    const payloads = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .record({ name: fc.jsonValue(), config: fc.jsonValue(), initial_state: fc.jsonValue() })
        .map((body) => JSON.stringify(body)),
      fc.record({ offsets: fc.jsonValue() }).map((body) => JSON.stringify(body)),
      fc
        .record({
          'connector.class': fc.constantFrom('FileStreamSource', 'FileStreamSink'),
          'tasks.max': fc.jsonValue(),
          topics: fc.jsonValue(),
        })
        .map((body) => JSON.stringify(body)),
    );
    const roots = fc.oneof(
      names.chain((name) => paths.map((path) => `/connectors/${name}${path}`)),
      fc.constant('/connectors'),
      names.map((name) => `/connector-plugins/${name}/config/validate`),
    );
    await fc.assert(
      fc.asyncProperty(methods, roots, payloads, async (method, url, payload) => {
        const answer = await app.inject({ method, url, headers: json, ...(method === 'GET' ? {} : { payload }) });
        expect({ status: answer.statusCode, body: answer.body }).not.toMatchObject({ status: 500 });
        if (answer.statusCode >= 400) expect(answer.json()).toMatchObject({ error_code: answer.statusCode });
      }),
      { numRuns: 500 },
    );
  });
});
