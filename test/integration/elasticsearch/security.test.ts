import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { elasticsearchSink } from '../../../connectors/elasticsearch/connector.ts';
import type { CheckResult } from '../../../runtime/connector/connector.ts';
import type { RawConfig } from '../../../runtime/connector/options.ts';
import { realEnv as env } from '../../../runtime/env/real.ts';
import { startSearch, type SearchServer } from '../../services/elasticsearch.ts';
import { certificates, securedCall, type SearchSecurity } from '../../services/elasticsearch-8.ts';
import { silentLog } from '../../../runtime/app/silent-log.ts';
import { SearchTask } from './search-task.ts';

const started = await startSearch('elasticsearch-8-secured');
const missing = 'missing' in started;
if (missing) console.warn(`skipped: ${started.missing}`);
const server = missing ? null : started;
afterAll(() => server?.stop());

/** An HTTP proxy that wants a user: forwards requests, and connects through (CONNECT). */
async function httpProxy(user: string): Promise<{ readonly port: number; passed(): number; close(): Promise<void> }> {
  let passed = 0;
  const wanted = `Basic ${Buffer.from(user).toString('base64')}`;
  const proxy = createServer((incoming, outgoing) => {
    if (incoming.headers['proxy-authorization'] !== wanted) {
      outgoing.writeHead(407, { 'proxy-authenticate': 'Basic realm="proxy"' }).end('who are you?');
      return;
    }
    passed++;
    const { method, headers } = incoming;
    const forward = request(incoming.url ?? '', { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forward.on('error', () => outgoing.destroy());
    incoming.pipe(forward);
  });
  proxy.on('connect', (incoming, socket) => {
    socket.on('error', () => undefined);
    if (incoming.headers['proxy-authorization'] !== wanted) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="proxy"\r\n\r\n');
      return;
    }
    passed++;
    const [host = '', port = ''] = (incoming.url ?? '').split(':');
    const upstream = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.pipe(socket);
      socket.pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => void proxy.listen(0, '127.0.0.1', resolve));
  return {
    port: (proxy.address() as AddressInfo).port,
    passed: () => passed,
    close: () => {
      proxy.closeAllConnections();
      return new Promise((resolve) => void proxy.close(() => resolve()));
    },
  };
}

describe.skipIf(server?.security === undefined)('a server with TLS, client certificates and users', () => {
  const { url } = server as SearchServer;
  const security = (server as SearchServer).security as SearchSecurity;
  const { caFile, certFile, keyFile, username, password } = security;
  const tls = { 'millrace.tls.ca.file': caFile, 'millrace.tls.cert.file': certFile, 'millrace.tls.key.file': keyFile };
  const basic = { 'connection.url': url, ...tls, 'connection.username': username, 'connection.password': password };
  let other = '';
  let count = 0;

  beforeAll(async () => {
    other = await mkdtemp(join(tmpdir(), 'mr-tls-'));
    await certificates(other, ['client']);
    await writeFile(join(other, 'no.pem'), 'nothing of that kind');
  });
  afterAll(() => rm(other, { recursive: true, force: true }));

  async function writes(config: RawConfig): Promise<void> {
    const name = `secured-${process.pid}-${count++}`;
    const task = await SearchTask.open(config, { name });
    try {
      await task.write([0, 1, 2].map((offset) => ({ topic: name, offset, key: `${offset}`, json: `{"n":${offset}}` })));
      await task.until(name, 3n);
    } finally {
      await task.close();
    }
    await securedCall(url, security, 'POST', `/${name}/_refresh`);
    const { body } = await securedCall(url, security, 'GET', `/${name}/_count`);
    expect(body).toMatchObject({ count: 3 });
    await securedCall(url, security, 'DELETE', `/${name}`);
  }

  async function failures(config: RawConfig): Promise<readonly CheckResult[]> {
    const call = {
      name: 'search',
      config: { ...config, topics: 'a' },
      env,
      log: silentLog,
      signal: AbortSignal.timeout(20_000),
    };
    return ((await elasticsearchSink.check?.(call)) ?? []).filter(({ ok }) => !ok);
  }

  test('is written to as a user', async () => {
    expect(await failures(basic)).toEqual([]);
    await writes(basic);
  });

  test('is written to with an API key', async () => {
    const { body } = await securedCall(url, security, 'POST', '/_security/api_key', { name: `key-${process.pid}` });
    const { encoded } = body as { readonly encoded: string };
    const config = { 'connection.url': url, ...tls, 'millrace.connection.api.key': encoded };
    expect(await failures(config)).toEqual([]);
    await writes(config);
  });

  test('is written to through a proxy that wants a user', async () => {
    const proxy = await httpProxy('out:pass');
    try {
      const through = { ...basic, 'proxy.host': '127.0.0.1', 'proxy.port': String(proxy.port) };
      await writes({ ...through, 'proxy.username': 'out', 'proxy.password': 'pass' });
      expect(proxy.passed()).toBeGreaterThan(0);
      const [refused] = await failures({ ...through, 'proxy.username': 'out', 'proxy.password': 'wrong' });
      expect(refused?.key).toMatch(/^proxy\./);
      expect(refused?.problem).not.toContain('wrong');
    } finally {
      await proxy.close();
    }
  });

  test.each<[string, () => RawConfig, string, string]>([
    [
      'a wrong password',
      () => ({ 'connection.password': 'wrong' }),
      'ELASTICSEARCH_UNAUTHENTICATED',
      'connection.password',
    ],
    [
      'no user',
      () => ({ 'connection.username': '', 'connection.password': '' }),
      'ELASTICSEARCH_UNAUTHENTICATED',
      'connection.username',
    ],
    [
      'a wrong API key',
      () => ({ 'connection.username': '', 'connection.password': '', 'millrace.connection.api.key': 'd3Jvbmc6a2V5' }),
      'ELASTICSEARCH_UNAUTHENTICATED',
      'millrace.connection.api.key',
    ],
    ['no authority', () => ({ 'millrace.tls.ca.file': '' }), 'ELASTICSEARCH_TLS_UNTRUSTED', 'millrace.tls.ca.file'],
    [
      'another authority',
      () => ({ 'millrace.tls.ca.file': join(other, 'ca.crt') }),
      'ELASTICSEARCH_TLS_UNTRUSTED',
      'millrace.tls.ca.file',
    ],
    [
      'no client certificate',
      () => ({ 'millrace.tls.cert.file': '', 'millrace.tls.key.file': '' }),
      'ELASTICSEARCH_UNAVAILABLE',
      'millrace.tls.cert.file',
    ],
    [
      'a client certificate of another authority',
      () => ({
        'millrace.tls.cert.file': join(other, 'client.crt'),
        'millrace.tls.key.file': join(other, 'client.key'),
      }),
      'ELASTICSEARCH_UNAVAILABLE',
      'millrace.tls.cert.file',
    ],
    [
      'a key of another certificate',
      () => ({ 'millrace.tls.key.file': join(other, 'client.key') }),
      'ELASTICSEARCH_TLS_FILE',
      'millrace.tls.key.file',
    ],
    [
      'a file that is no certificate',
      () => ({ 'millrace.tls.cert.file': join(other, 'no.pem') }),
      'ELASTICSEARCH_TLS_FILE',
      'millrace.tls.cert.file',
    ],
    [
      'a file that is no authority',
      () => ({ 'millrace.tls.ca.file': join(other, 'no.pem') }),
      'ELASTICSEARCH_TLS_FILE',
      'millrace.tls.ca.file',
    ],
    [
      'a file that is not there',
      () => ({ 'millrace.tls.ca.file': join(other, 'gone') }),
      'ELASTICSEARCH_TLS_FILE',
      'millrace.tls.ca.file',
    ],
    [
      'no TLS',
      () => ({ 'connection.url': url.replace('https', 'http') }),
      'ELASTICSEARCH_UNAVAILABLE',
      'connection.url',
    ],
  ])('says by key what is wrong: %s', async (_what, more, code, key) => {
    const found = await failures({ ...basic, ...more() });
    expect(found.map((one) => [one.code, one.key])).toEqual([[code, key]]);
    expect(found[0]?.remedy ?? '').not.toBe('');
    expect(JSON.stringify(found)).not.toContain(password);
    expect(JSON.stringify(found)).not.toContain((await readFile(keyFile, 'utf8')).slice(40, 80));
  });
});
