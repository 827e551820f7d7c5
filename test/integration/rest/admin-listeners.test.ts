import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { startLocalWorker, type LocalWorker } from './local-worker.ts';

const run = promisify(execFile);
const workers: LocalWorker[] = [];

afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.close();
});

async function start(...args: Parameters<typeof startLocalWorker>): Promise<LocalWorker> {
  const worker = await startLocalWorker(...args);
  workers.push(worker);
  return worker;
}

const adminUrl = ({ worker }: LocalWorker): string => worker.adminUrls[0] ?? '';
const status = async (url: string, init: RequestInit = {}): Promise<number> => (await fetch(url, init)).status;
const level = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"level":"DEBUG"}' };

describe('admin.listeners', () => {
  it('unset leaves /admin where REST is', async () => {
    const worker = await start();
    expect(worker.worker.adminUrls).toEqual([]);
    expect(await status(`${worker.url}/admin/loggers`)).toBe(200);
  });

  it('moves /admin, and nothing else, to listeners of its own', async () => {
    const worker = await start({ 'admin.listeners': 'http://127.0.0.1:0,http://127.0.0.1:0' });
    const [first = '', second = ''] = worker.worker.adminUrls;
    expect(new Set([worker.url, first, second]).size).toBe(3);
    for (const url of [first, second]) {
      expect(await status(`${url}/admin/loggers`)).toBe(200);
      expect(await status(`${url}/admin/loggers/root`, level)).toBe(200);
      for (const path of ['/', '/connectors', '/health', '/metrics']) expect(await status(url + path)).toBe(404);
    }
    expect(await status(`${worker.url}/admin/loggers`)).toBe(404);
    expect(await status(`${worker.url}/admin/loggers/root`, level)).toBe(404);
    expect(await status(`${worker.url}/connectors`)).toBe(200);
  });

  it('empty serves /admin nowhere', async () => {
    const worker = await start({ 'admin.listeners': '' });
    expect(worker.worker.adminUrls).toEqual([]);
    expect(await status(`${worker.url}/admin/loggers`)).toBe(404);
    expect(await status(`${worker.url}/`)).toBe(200);
  });

  it('asks for tokens there too, and refuses to listen beyond loopback without', async () => {
    const open = startLocalWorker({ 'admin.listeners': 'http://0.0.0.0:0' });
    await expect(open).rejects.toMatchObject({ code: 'REST_UNAUTHENTICATED', key: 'admin.listeners' });
    const folder = await mkdtemp(join(tmpdir(), 'millrace-admin-'));
    const users = join(folder, 'users');
    await writeFile(users, 'me=hush-hush\n');
    const worker = await start({ 'admin.listeners': 'http://127.0.0.1:0', 'millrace.rest.basic.file': users });
    const authorization = `Basic ${Buffer.from('me:hush-hush').toString('base64')}`;
    expect(await status(`${adminUrl(worker)}/admin/loggers`)).toBe(401);
    expect(await status(`${adminUrl(worker)}/admin/loggers`, { headers: { authorization } })).toBe(200);
    await rm(folder, { recursive: true });
  });

  it('names its own key where a port is taken', async () => {
    const { port } = new URL((await start()).url);
    await expect(startLocalWorker({ 'admin.listeners': `http://127.0.0.1:${port}` })).rejects.toMatchObject({
      code: 'REST_LISTEN_FAILED',
      key: 'admin.listeners',
    });
  });

  it('has a certificate of its own', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-admin-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const made = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost';
    const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    await run('openssl', [...made.split(' '), ...names, '-keyout', key, '-out', cert]);
    const both = await Promise.all([key, cert].map((path) => readFile(path, 'utf8')));
    await writeFile(join(folder, 'both.pem'), both.join(''));
    const worker = await start({
      'admin.listeners': 'https://127.0.0.1:0',
      'admin.listeners.https.ssl.keystore.location': join(folder, 'both.pem'),
    });
    const url = adminUrl(worker);
    expect(url).toMatch(/^https:/);
    const ca = await readFile(cert);
    const answered = await new Promise((resolve, reject) => {
      const sent = httpsRequest(`${url}/admin/loggers`, { ca, agent: false }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      sent.once('error', reject).end();
    });
    expect(answered).toBe(200);
    await rm(folder, { recursive: true });
  });
});

describe('response.http.headers.config', () => {
  const text =
    'set X-Frame-Options:DENY, "add Cache-Control:no-cache, no-store", add X-Two:1, add X-Two:2, setDate Expires:60000, set Content-Type:text/html';

  it('gives every answer its headers, errors, refusals and /admin too', async () => {
    const worker = await start({ 'response.http.headers.config': text, 'admin.listeners': 'http://127.0.0.1:0' });
    const asked: [string, RequestInit?][] = [
      [`${worker.url}/`],
      [`${worker.url}/metrics`],
      [`${worker.url}/connectors/none`],
      [`${worker.url}/nowhere`],
      [`${worker.url}/connectors/%ff`],
      [`${worker.url}/connectors`, { method: 'DELETE' }],
      [`${worker.url}/connectors`, { headers: { origin: 'http://elsewhere' } }],
      [`${worker.url}/connectors`, { method: 'OPTIONS' }],
      [`${adminUrl(worker)}/admin/loggers`],
    ];
    for (const [url, init] of asked) {
      const { headers } = await fetch(url, init);
      expect(headers.get('x-frame-options'), url).toBe('DENY');
      expect(headers.get('cache-control'), url).toBe('no-cache, no-store');
      expect(headers.get('x-two'), url).toBe('1, 2');
      const aheadMs = Date.parse(headers.get('expires') ?? '') - Date.now();
      expect(aheadMs > 55_000 && aheadMs <= 60_000, url).toBe(true);
      expect(headers.get('content-type') ?? '', url).not.toContain('html');
    }
  });

  it('sends a header that was added twice on two lines', async () => {
    const worker = await start({ 'response.http.headers.config': text });
    const { port } = new URL(worker.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.end('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    let told = '';
    for await (const part of socket) told += String(part);
    expect(told.match(/^x-two: \d/gim)).toEqual(['x-two: 1', 'x-two: 2']);
  });

  it('is refused at the start where it is malformed, by its key', async () => {
    await expect(async () => startLocalWorker({ 'response.http.headers.config': 'put A:b' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      key: 'response.http.headers.config',
    });
  });
});
