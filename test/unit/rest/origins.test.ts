import { describe, expect, it } from 'vitest';
import { testServer } from './test-server.ts';
import { useTestServer } from './use-test-server.ts';

const rest = useTestServer({ allowOrigin: '' });

describe('the REST server and browsers', () => {
  it('refuses commands of a page of another origin', async () => {
    const headers = { origin: 'http://evil.example', host: '127.0.0.1:8083' };
    const answer = await rest.app.inject({ method: 'POST', url: '/connectors/a/restart', headers });
    expect(answer.statusCode).toBe(403);
  });

  it('lets pages of its own origin in, and tells browsers nothing where no origin is allowed', async () => {
    const own = await rest.app.inject({ url: '/connectors', headers: { origin: 'http://h:1', host: 'h:1' } });
    expect(own.statusCode).toBe(200);
    expect(Object.keys(own.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    const headers = { origin: 'http://evil.example', 'access-control-request-method': 'PUT' };
    const preflight = await rest.app.inject({ method: 'OPTIONS', url: '/connectors', headers });
    expect(preflight.statusCode).toBe(403);
    expect(Object.keys(preflight.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('lets pages of the allowed origins in, each told its own', async () => {
    const open = testServer(rest.worker, {
      allowOrigin: 'http://console.example, http://other.example',
      allowMethods: 'GET,PUT',
    });
    for (const origin of ['http://console.example', 'http://other.example']) {
      const answer = await open.inject({ url: '/connectors', headers: { origin } });
      expect(answer.headers).toMatchObject({ 'access-control-allow-origin': origin, vary: 'Origin' });
      const preflight = await open.inject({ method: 'OPTIONS', url: '/connectors', headers: { origin } });
      expect(preflight.headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'GET,PUT',
        'access-control-allow-headers': 'content-type,accept,origin',
      });
    }
    expect((await open.inject({ url: '/', headers: { origin: 'http://evil.example' } })).statusCode).toBe(403);
    await open.close();
    const any = testServer(rest.worker, { allowOrigin: '*' });
    const answer = await any.inject({ method: 'OPTIONS', url: '/', headers: { origin: 'http://a.example' } });
    expect(answer.headers['access-control-allow-methods']).toBe('GET,POST,HEAD');
    await any.close();
  });

  it('on loopback answers to addresses, localhost and its own name only: no rebound name reaches it', async () => {
    const local = testServer(rest.worker, { hosts: ['connect.internal'] });
    const status = async (host: string): Promise<number> =>
      (await local.inject({ url: '/connectors', headers: { host } })).statusCode;
    for (const host of ['127.0.0.1:8083', '[::1]:8083', 'localhost:8083', 'LOCALHOST', 'Connect.Internal:1'])
      expect([host, await status(host)]).toEqual([host, 200]);
    for (const host of ['evil.example:8083', '127.0.0.1.evil.example', 'localhost.evil.example', '[evil]'])
      expect([host, await status(host)]).toEqual([host, 403]);
    const refused = await local.inject({ url: '/', headers: { host: 'evil.example:8083' } });
    expect(refused.json()).toEqual({
      error_code: 403,
      message: expect.stringContaining('rest.advertised.host.name=evil.example'),
    });
    await local.close();
  });
});
