import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DETAILS_HEADER, errorOf } from '../../../runtime/rest/api.ts';
import { startTestWorker, type TestWorker } from '../cluster/test-worker.ts';
import { testServer } from './test-server.ts';

let worker: TestWorker;
let app: FastifyInstance;
const good = { 'connector.class': 'FileStreamSource', file: '/tmp/none', topic: 'lines' };

beforeAll(async () => {
  worker = await startTestWorker();
  app = testServer(worker, { rewinder: { rewind: () => Promise.reject(new Error('asked')) } });
  await ask('POST', '/connectors', { name: 'lines', config: good });
});

afterAll(async () => {
  await app.close();
  await worker.close();
});

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

async function ask(method: Method, url: string, body?: unknown, type = 'application/json') {
  const payload = typeof body === 'string' ? body : JSON.stringify(body);
  const more = body === undefined ? {} : { headers: { 'content-type': type }, payload };
  const answer = await app.inject({ method, url, ...more });
  const message = answer.statusCode < 400 ? '' : answer.json<{ message: string }>().message;
  return { status: answer.statusCode, message, error: errorOf(message, String(answer.headers[DETAILS_HEADER] ?? '')) };
}

describe('a refused request says what to correct, and how', () => {
  it.each([
    ['POST', '/connectors', undefined, 400, undefined, 'openapi.json'],
    ['POST', '/connectors', '{', 400, undefined, 'openapi.json'],
    ['POST', '/connectors', {}, 400, 'config', 'Correct config.'],
    ['POST', '/connectors', { config: good, foo: 1 }, 400, 'foo', 'Leave foo out'],
    ['POST', '/connectors', { name: [], config: good }, 400, 'name', 'Correct name.'],
    ['POST', '/connectors', { name: 'a', config: good, initial_state: 'ON' }, 400, 'initial_state', 'initial_state'],
    ['POST', '/connectors', { name: 'a', config: good, initial_offsets: 1 }, 400, 'initial_offsets', 'initial_offsets'],
    ['PATCH', '/connectors/lines/config', { file: ['a'] }, 400, 'file', 'Correct file.'],
    ['PATCH', '/connectors/lines/offsets', { offsets: [] }, 400, 'offsets', '{"offsets": [{"partition"'],
    ['PATCH', '/topics/a', { partitions: 2, config: {} }, 400, 'partitions', 'two requests'],
    ['POST', '/topics', { name: 'a', partitions: 0 }, 400, 'partitions', 'Correct partitions.'],
    ['POST', '/connectors/lines/rewind', {}, 400, 'offset', 'one place'],
    ['GET', '/connectors/lines/deadletters?limit=many', undefined, 400, 'limit', 'Correct limit.'],
    ['GET', '/connectors/lines/deadletters?from=yesterday', undefined, 400, 'from', 'Correct from.'],
    ['GET', '/connector-plugins/Nope/config', undefined, 404, undefined, 'millrace plugins'],
    ['PUT', '/admin/loggers/root', { level: 'LOUD' }, 404, 'level', 'INFO'],
    ['PUT', '/admin/loggers/root', {}, 400, 'level', 'INFO'],
    ['GET', '/admin/loggers/org.apache.kafka', undefined, 404, undefined, 'millrace loggers'],
    ['PUT', '/connectors/lines/fence', undefined, 400, undefined, 'docs/rest.md'],
    ['GET', '/nowhere', undefined, 404, undefined, 'docs/rest.md'],
    ['DELETE', '/connectors', undefined, 405, undefined, 'OPTIONS'],
    ['POST', '/connectors', 'x'.repeat(70_000), 413, 'millrace.rest.body.bytes', 'raise'],
  ] as const)('%s %s %j: %i', async (method, url, body, status, key, remedy) => {
    const { error, ...answer } = await ask(method, url, body);
    expect({ status: answer.status, code: error?.code, key: error?.key }).toEqual({
      status,
      code: `REST_${status}`,
      key,
    });
    expect(error?.remedy).toContain(remedy);
  });

  it('says which content type is needed', async () => {
    const { status, error } = await ask('POST', '/connectors', 'name=a', 'application/x-www-form-urlencoded');
    expect({ status, key: error?.key }).toEqual({ status: 415, key: 'content-type' });
    expect(error?.remedy).toContain('application/json');
  });

  it('says where the transforms are that there are', async () => {
    const config = { ...good, transforms: 't', 'transforms.t.type': 'com.example.Upper$Value' };
    const { error } = await ask('POST', '/connectors', { name: 'a', config });
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', key: 'transforms.t.type' });
    expect(error?.remedy).toContain('docs/transforms.md');
  });

  it('calls what is missing missing, not null', async () => {
    expect((await ask('POST', '/connectors', { name: 'a' })).message).toBe(
      'config is missing: a JSON object is needed',
    );
  });
});

describe('a flag of millrace’s own that is neither true nor false', () => {
  it.each([
    ['DELETE', '/connectors/lines?destroy=perhaps', 'destroy'],
    ['GET', '/connectors/lines/deadletters?all=perhaps', 'all'],
  ] as const)('is refused before anything is done: %s %s', async (method, url, key) => {
    const { status, error, message } = await ask(method, url);
    expect({ status, key: error?.key }).toEqual({ status: 400, key });
    expect(message).toBe(`${key} must be true or false, not "perhaps"`);
    expect(worker.configs.names()).toEqual(['lines']);
  });
});
