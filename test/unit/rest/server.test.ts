import { connect } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MillraceError } from '../../../runtime/record/error.ts';
import { DETAILS_HEADER, errorOf } from '../../../runtime/rest/api.ts';
import { failure } from '../cluster/fake-host.ts';
import { startTestWorker, until } from '../cluster/test-worker.ts';
import { testServer } from './test-server.ts';
import { useTestServer } from './use-test-server.ts';

const rest = useTestServer({ allowOrigin: '' });

const json = { 'content-type': 'application/json' };

describe('the REST server', () => {
  it('refuses a body that is too large', async () => {
    const payload = JSON.stringify({ name: 'a', config: { file: 'x'.repeat(70_000) } });
    const answer = await rest.app.inject({ method: 'POST', url: '/connectors', headers: json, payload });
    expect(answer.statusCode).toBe(413);
    expect(answer.json()).toMatchObject({ error_code: 413 });
  });

  it('refuses a name too long to be asked for in a path', async () => {
    const config = { 'connector.class': 'FileStreamSource', topic: 'lines' };
    const name = 'n'.repeat(1001);
    const posted = { method: 'POST', url: '/connectors', payload: JSON.stringify({ name, config }) } as const;
    const put = { method: 'PUT', url: `/connectors/${name}/config`, payload: JSON.stringify(config) } as const;
    for (const request of [posted, put]) {
      const answer = await rest.app.inject({ ...request, headers: json });
      expect(answer.statusCode).toBe(400);
      expect(answer.json()).toMatchObject({ error_code: 400, message: expect.stringContaining('name must have') });
    }
  });

  it('finds a connector of the longest name, whatever its characters', async () => {
    for (const character of ['n', '/', 'ü']) {
      const name = character.repeat(1000);
      const url = `/connectors/${encodeURIComponent(name)}`;
      const payload = JSON.stringify({ 'connector.class': 'FileStreamSource', topic: 'lines' });
      expect((await rest.app.inject({ method: 'PUT', url: `${url}/config`, headers: json, payload })).statusCode).toBe(
        201,
      );
      expect((await rest.app.inject(url)).json()).toMatchObject({ name });
      expect((await rest.app.inject({ method: 'DELETE', url })).statusCode).toBe(204);
    }
  });

  it('finds a connector of any name where its Location says, and refuses control characters in it', async () => {
    const odd = fc.constantFrom(
      '/',
      '%',
      '%2F',
      '%25',
      ' ',
      '+',
      '?',
      '#',
      ';',
      '..',
      '\u00e9',
      '\u{1F600}',
      '\\',
      "'",
      '"',
      '&',
    );
    const names = fc
      .array(fc.oneof(odd, fc.string({ unit: 'grapheme', maxLength: 4 })), { minLength: 1, maxLength: 5 })
      .map((parts) => parts.join('').trim())
      .filter((name) => name !== '' && name !== '.' && name !== '..');
    await fc.assert(
      fc.asyncProperty(names, async (name) => {
        const config = { 'connector.class': 'FileStreamSource', topic: 'lines' };
        const payload = JSON.stringify({ name, config });
        const made = await rest.app.inject({ method: 'POST', url: '/connectors', headers: json, payload });
        if (Array.from(name).some((one) => one < ' ' || one === '\u007F')) {
          expect(made.json()).toMatchObject({ error_code: 400, message: expect.stringContaining('control') });
          return;
        }
        expect([name, made.statusCode]).toEqual([name, 201]);
        const url = new URL(String(made.headers['location'])).pathname;
        expect((await rest.app.inject(url)).json()).toMatchObject({ name });
        expect((await rest.app.inject(`${url}/config/`)).json()).toMatchObject({ name });
        expect((await rest.app.inject({ method: 'DELETE', url })).statusCode).toBe(204);
        expect((await rest.app.inject(url)).json()).toMatchObject({ message: `Connector ${name} not found` });
      }),
      { numRuns: 200 },
    );
  });

  it('tells the health of a connector, and names those that failed and those it could not start in that of the worker', async () => {
    const worker = await startTestWorker();
    const app = testServer(worker);
    expect((await app.inject('/connectors/none/health')).statusCode).toBe(404);
    await worker.herder.create('src', { 'connector.class': 'FileStreamSource', topic: 'lines' }, 'STARTED');
    await until(() => worker.statuses.task('src', 0)?.state === 'RUNNING');
    const healthy = await app.inject('/connectors/src/health');
    expect(healthy.statusCode).toBe(200);
    expect(healthy.json()).toMatchObject({ status: 'healthy', tasks: [{ id: 0, state: 'RUNNING', stage: 'test' }] });
    worker.host.task('src').fail(failure('no space'));
    await until(() => worker.statuses.task('src', 0)?.state === 'FAILED');
    const failed = await app.inject('/connectors/src/health');
    expect(failed.statusCode).toBe(500);
    expect(failed.json()).toMatchObject({ status: 'unhealthy', message: 'task 0: TEST_FAILED: no space' });
    const whole = await app.inject('/health');
    expect(whole.statusCode).toBe(200);
    expect(whole.json()).toMatchObject({
      status: 'healthy',
      connectors: { src: 'task 0: FAILED: TEST_FAILED: no space' },
    });
    const remedy = 'Free some space.';
    worker.hub.appendError = new MillraceError('HUB_DISK_FULL', 'the disk is full', { kind: 'full', remedy });
    await worker.herder.restartTask('src', 0);
    await worker.herder.settled();
    const health = await app.inject('/health');
    expect(health.statusCode).toBe(200);
    expect(health.json()).toMatchObject({
      connectors: { src: 'HUB_DISK_FULL: the disk is full Remedy: Free some space.' },
    });
    worker.hub.appendError = null;
    await app.close();
    await worker.close();
  });

  it('creates a connector where it is to begin, and none where that cannot be', async () => {
    const config = { 'connector.class': 'FileStreamSource', topic: 'lines' };
    const create = (offset: unknown) =>
      rest.app.inject({
        method: 'POST',
        url: '/connectors',
        headers: json,
        payload: JSON.stringify({
          name: 'begins',
          config,
          initial_state: 'STOPPED',
          initial_offsets: [{ partition: { filename: 'in.txt' }, offset }],
        }),
      });
    const wrong = await create({ position: 'x' });
    expect(wrong.statusCode).toBe(400);
    expect(wrong.json()).toMatchObject({ message: expect.stringContaining('Long') });
    expect((await rest.app.inject('/connectors/begins')).statusCode).toBe(404);
    expect((await create({ position: 7 })).statusCode).toBe(201);
    expect((await rest.app.inject('/connectors/begins/offsets')).json()).toEqual({
      offsets: [{ partition: { filename: 'in.txt' }, offset: { position: 7 } }],
    });
    await rest.app.inject({ method: 'DELETE', url: '/connectors/begins' });
  });

  it('has a logger a connector, and sets levels of one worker or of all', async () => {
    const payload = JSON.stringify({ 'connector.class': 'FileStreamSource', topic: 'lines' });
    await rest.app.inject({ method: 'PUT', url: '/connectors/logged/config', headers: json, payload });
    const names = Object.keys((await rest.app.inject('/admin/loggers')).json<Record<string, unknown>>());
    expect(names).toEqual(expect.arrayContaining(['connector', 'connector.logged', 'root']));
    const url = '/admin/loggers/connector.logged';
    const set = await rest.app.inject({
      method: 'PUT',
      url: `${url}?scope=cluster`,
      headers: json,
      payload: '{"level":"debug"}',
    });
    expect(set.statusCode).toBe(204);
    await until(() => rest.worker.loggers.enabled('debug', 'logged'));
    expect(rest.worker.loggers.enabled('debug', 'other')).toBe(false);
    expect((await rest.app.inject(url)).json()).toMatchObject({ level: 'DEBUG' });
    await rest.app.inject({ method: 'DELETE', url: '/connectors/logged' });
  });

  it('tells code, key and remedy of an error in a header, beside the body that Connect has', async () => {
    const payload = '{"connector.class":"FileStreamSource","topic":"t","tasks.maxx":"1"}';
    const answer = await rest.app.inject({ method: 'PUT', url: '/connectors/ü/config', headers: json, payload });
    expect(Object.keys(answer.json<object>())).toEqual(['error_code', 'message']);
    expect(errorOf('text', String(answer.headers[DETAILS_HEADER]))).toMatchObject({
      message: 'text',
      code: 'CONFIG_INVALID',
      kind: 'config',
      key: 'tasks.maxx',
      remedy: 'Rename tasks.maxx to tasks.max.',
    });
    expect(errorOf('text', '%zz')).toBeNull();
  });

  it('accepts any body where it reads none', async () => {
    const config = '{"connector.class":"FileStreamSource","topic":"t"}';
    await rest.app.inject({ method: 'PUT', url: '/connectors/idle/config', headers: json, payload: config });
    const bodies = [undefined, '', '""', 'null', '{}', '{"a":'];
    const requests = [
      ['PUT', 'pause', 202],
      ['PUT', 'resume/', 202],
      ['POST', 'restart', 204],
      ['POST', 'restart?includeTasks=TRUE&onlyFailed=tRuE', 202],
      ['POST', 'restart?includeTasks=1', 204],
      ['PUT', 'topics/reset', 202],
      ['PUT', 'stop', 204],
      ['DELETE', 'offsets', 200],
    ] as const;
    for (const [method, path, status] of requests) {
      for (const payload of bodies) {
        if (path === 'offsets') await rest.worker.herder.settled();
        const url = `/connectors/idle/${path}`;
        const answer = await rest.app.inject({
          method,
          url,
          headers: json,
          ...(payload === undefined ? {} : { payload }),
        });
        expect([path, payload, answer.statusCode]).toEqual([path, payload, status]);
      }
    }
    expect(
      (await rest.app.inject({ method: 'DELETE', url: '/connectors/idle', headers: json, payload: 'null' })).statusCode,
    ).toBe(204);
  });

  it('answers in JSON what is no HTTP, and too long headers', async () => {
    const own = testServer(rest.worker);
    const { port } = new URL(await own.listen({ host: '127.0.0.1', port: 0 }));
    const told = async (bytes: string): Promise<string> => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.end(bytes);
      let text = '';
      for await (const part of socket) text += String(part);
      return text;
    };
    expect(await told('hello\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/json\r\n[^]*"error_code":400/,
    );
    const long = `GET / HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`;
    expect(await told(long)).toMatch(/^HTTP\/1\.1 431 [^]*"error_code":431/);
    await own.close();
  });

  it('serves metrics to a scraper that takes only text', async () => {
    const answer = await rest.app.inject({ url: '/metrics', headers: { accept: 'text/plain' } });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toContain('text/plain');
  });

  it('answers 403 where topics are not tracked', async () => {
    const untracked = testServer(rest.worker, { topicTracking: false });
    expect((await untracked.inject('/connectors/a/topics')).statusCode).toBe(403);
    await untracked.close();
  });

  it('creates topics of the hub', async () => {
    const payload = JSON.stringify({ name: 'made', partitions: 2 });
    const made = await rest.app.inject({ method: 'POST', url: '/topics', headers: json, payload });
    expect(made.statusCode).toBe(201);
    expect((await rest.app.inject('/topics')).json()).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'made', partitions: 2 })]),
    );
    const bad = await rest.app.inject({
      method: 'POST',
      url: '/topics',
      headers: json,
      payload: '{"name":"x","partitions":0}',
    });
    expect(bad.statusCode).toBe(400);
  });

  it('gives topics more partitions, never fewer', async () => {
    const create = JSON.stringify({ name: 'growing', partitions: 2 });
    await rest.app.inject({ method: 'POST', url: '/topics', headers: json, payload: create });
    const alter = (topic: string, payload: string) =>
      rest.app.inject({ method: 'PATCH', url: `/topics/${topic}`, headers: json, payload });
    const grown = await alter('growing', '{"partitions":3}');
    expect(grown.json()).toMatchObject({ name: 'growing', partitions: 3, growths: [{ partitions: 2, offset: 0 }] });
    expect((await rest.app.inject('/topics')).json()).toContainEqual(grown.json());
    const fewer = await alter('growing', '{"partitions":2}');
    expect(fewer.statusCode).toBe(400);
    expect(fewer.headers['millrace-error']).toContain('HUB_PARTITIONS_INVALID');
    expect((await alter('growing', '{"partitions":"4"}')).statusCode).toBe(400);
    expect((await alter('growing', '{}')).statusCode).toBe(400);
    expect((await alter('absent', '{"partitions":4}')).statusCode).toBe(404);
    expect((await alter('inner', '{"partitions":4}')).statusCode).toBe(400);
  });

  it('gives topics other settings, and takes them back', async () => {
    const create = JSON.stringify({ name: 'set', config: { 'retention.ms': '1000', 'cleanup.policy': 'compact' } });
    await rest.app.inject({ method: 'POST', url: '/topics', headers: json, payload: create });
    const alter = (config: unknown, more = {}) =>
      rest.app.inject({
        method: 'PATCH',
        url: '/topics/set',
        headers: json,
        payload: JSON.stringify({ config, ...more }),
      });
    const altered = await alter({ 'retention.ms': -1, 'cleanup.policy': null });
    expect(altered.json()).toMatchObject({ name: 'set', partitions: 1, config: { 'retention.ms': '-1' } });
    expect(Object.keys((altered.json() as { config: object }).config)).toEqual(['retention.ms']);
    expect((await rest.app.inject('/topics')).json()).toContainEqual(altered.json());
    const unknown = await alter({ 'retention.msec': '1' });
    expect(unknown.statusCode).toBe(400);
    expect(unknown.headers['millrace-error']).toContain('HUB_TOPIC_INVALID');
    expect((await alter({ 'retention.ms': 'soon' })).statusCode).toBe(400);
    expect((await alter(null)).statusCode).toBe(400);
    expect((await alter({ 'retention.ms': '5' }, { partitions: 3 })).statusCode).toBe(400);
    expect((await rest.app.inject('/topics')).json()).toContainEqual(altered.json());
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
        const answer = await rest.app.inject({ method, url, headers: json, ...(method === 'GET' ? {} : { payload }) });
        expect({ status: answer.statusCode, body: answer.body }).not.toMatchObject({ status: 500 });
        if (answer.statusCode >= 400) expect(answer.json()).toMatchObject({ error_code: answer.statusCode });
      }),
      { numRuns: 500 },
    );
  });
});
