import { readdirSync, readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApiDocument } from '../../../runtime/rest/openapi/document.ts';
import { OPERATIONS } from '../../../runtime/rest/openapi/operations.ts';
import { startTestWorker, type TestWorker } from '../cluster/test-worker.ts';
import { violation } from './answer-schemas.ts';
import { testServer } from './test-server.ts';

let worker: TestWorker;
let app: FastifyInstance;

beforeAll(async () => {
  worker = await startTestWorker();
  app = testServer(worker);
});

afterAll(async () => {
  await app.close();
  await worker.close();
});

/** Endpoints of workers among themselves, which are only refused. */
const INNER = new Set(['POST /connectors/{connector}/tasks', 'PUT /connectors/{connector}/fence']);

/** Paths that the sources of the REST API serve. */
function servedPaths(): readonly string[] {
  const folder = new URL('../../../runtime/rest/', import.meta.url);
  const sources = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  const paths = sources.flatMap((name) =>
    [...readFileSync(new URL(name, folder), 'utf8').matchAll(/resource\(app, '([^']+)'/g)].map(([, path = '']) =>
      path.replaceAll(/:(\w+)/g, '{$1}'),
    ),
  );
  return paths.toSorted();
}

describe('the OpenAPI document', () => {
  it('has the methods of every path that is served, and no others', async () => {
    const served = await Promise.all(
      servedPaths().map(async (path) => {
        const answer = await app.inject({ method: 'OPTIONS', url: path.replaceAll(/[{}]/g, '') });
        const methods = String(answer.headers['allow']).split(',');
        return methods.filter((method) => !['OPTIONS', 'HEAD'].includes(method)).map((method) => `${method} ${path}`);
      }),
    );
    const described = Object.entries(OPERATIONS).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.toSorted()).toEqual(
      served
        .flat()
        .filter((one) => !INNER.has(one))
        .toSorted(),
    );
  });

  it('names every operation once, and refers to nothing that it does not have', () => {
    const text = JSON.stringify(openApiDocument());
    const document = JSON.parse(text) as { components: { schemas: object } };
    const ids = [...text.matchAll(/"operationId":"(\w+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const names = new Set([...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name));
    expect([...names].toSorted()).toEqual(Object.keys(document.components.schemas).toSorted());
  });

  it('tells an answer that is not as described', () => {
    expect(violation('GET', '/connectors/x/status', 200, '{}')).toContain('ConnectorStatus');
    expect(violation('GET', '/connectors/x', 404, '{"message":"no"}')).toContain('error_code');
    expect(violation('GET', '/connectors/x', 203, '{}')).toContain('203');
  });

  it('describes the answers that are of millrace alone', async () => {
    const config = { 'connector.class': 'FileStreamSource', topic: 'lines' };
    await worker.herder.create('src', config, 'STARTED');
    await worker.herder.settled();
    for (const url of ['/health', '/topics', '/metrics', '/admin/loggers'])
      expect(await problem('GET', url)).toBeNull();
    for (const part of ['health', 'progress', 'check'])
      expect(await problem('GET', `/connectors/src/${part}`)).toBeNull();
    expect(await problem('PUT', '/connectors/new/check', config)).toBeNull();
    expect(await problem('POST', '/topics', { name: 'made' })).toBeNull();
  });
});

async function problem(method: 'GET' | 'PUT' | 'POST', url: string, body?: object): Promise<string | null> {
  const answer = await app.inject({
    method,
    url,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, payload: JSON.stringify(body) }),
  });
  return violation(method, url, answer.statusCode, answer.body);
}
