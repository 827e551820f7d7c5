import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { connect as connectTls } from 'node:tls';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSecretKey, createToken, revokeToken } from '../../../runtime/app/access-files.ts';
import { restClient } from '../../../runtime/cli/rest-client.ts';
import { until } from '../../until.ts';
import { internalTopics, startLocalWorker, type LocalWorker } from './secret-worker.ts';

const run = promisify(execFile);
let folder: string;
let tokens: string;
let admin: string;
const workers: LocalWorker[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-access-'));
  tokens = join(folder, 'tokens.json');
  admin = await createToken(tokens, 'me', 'admin');
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = '/CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1';
  const made = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj ${subject}`;
  await run('openssl', [...made.split(' '), '-keyout', key, '-out', cert]);
  const store = 'pkcs12 -export -passout pass:store-pass';
  await run('openssl', [...store.split(' '), '-out', join(folder, 'store.p12'), '-inkey', key, '-in', cert]);
  const both = await Promise.all(['key.pem', 'cert.pem'].map((name) => readFile(join(folder, name), 'utf8')));
  await writeFile(join(folder, 'both.pem'), both.join(''));
});

afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.close();
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function start(...args: Parameters<typeof startLocalWorker>): Promise<LocalWorker> {
  const worker = await startLocalWorker(...args);
  workers.push(worker);
  return worker;
}

const PEM = 'listeners.https.ssl.keystore.location';

/** Of the certificate that is served. */
async function fingerprint(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connectTls({ host: hostname, port: Number(port), rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

/** The status of `GET /` over TLS that trusts the worker's own certificate. */
async function statusOverTls(url: string, headers: Record<string, string>, own: object = {}): Promise<number> {
  const ca = await readFile(join(folder, 'cert.pem'));
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(url, { ca, headers, agent: false, ...own }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.once('error', reject);
    sent.end();
  });
}

describe('a worker that listens beyond loopback', () => {
  it('is refused without authentication, with the remedy', async () => {
    await expect(startLocalWorker({ listeners: 'http://0.0.0.0:0' })).rejects.toMatchObject({
      code: 'REST_UNAUTHENTICATED',
      key: 'listeners',
      remedy: expect.stringContaining('millrace token create') as string,
    });
    const open = await start({ listeners: 'http://0.0.0.0:0', 'millrace.rest.unauthenticated': 'true' });
    expect((await open.request('GET', '/')).status).toBe(200);
  });

  it('takes tokens made while it runs, and refuses those revoked', async () => {
    const worker = await start({ listeners: 'http://0.0.0.0:0', 'millrace.rest.tokens.file': tokens });
    expect((await worker.request('GET', '/connectors')).status).toBe(401);
    const { signal } = new AbortController();
    const client = (token: string) => restClient(worker.url.replace('0.0.0.0', '127.0.0.1'), signal, token);
    expect(await client(admin).request('GET', '/connectors')).toEqual([]);
    const late = await createToken(tokens, 'late', 'viewer');
    await until(async () =>
      client(late)
        .request('GET', '/connectors')
        .then(
          () => true,
          () => false,
        ),
    );
    await expect(client(late).request('DELETE', '/connectors/x')).rejects.toMatchObject({ kind: 'permission' });
    await revokeToken(tokens, 'late');
    await until(async () =>
      client(late)
        .request('GET', '/connectors')
        .then(
          () => false,
          () => true,
        ),
    );
  });

  it('refuses everyone while the file of tokens is spoilt, and says so', async () => {
    const path = join(folder, 'spoilt.json');
    const token = await createToken(path, 'me', 'admin');
    const worker = await start({ 'millrace.rest.tokens.file': path });
    const ask = () => fetch(`${worker.url}/`, { headers: { authorization: `Bearer ${token}` } });
    expect((await ask()).status).toBe(200);
    await writeFile(path, '{');
    await until(async () => (await ask()).status === 503);
    expect(await (await ask()).text()).toContain('millrace.rest.tokens.file');
  });
});

describe('HTTP Basic', () => {
  const extension = 'org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension';

  it('lets the users of Connect’s property file in, and never starts without it where Connect’s extension is named', async () => {
    await expect(startLocalWorker({ 'rest.extension.classes': extension })).rejects.toMatchObject({
      code: 'REST_USERS_MISSING',
      key: 'rest.extension.classes',
    });
    const path = join(folder, 'users.properties');
    await writeFile(path, 'jane=a secret: of hers\n');
    const worker = await start({ 'rest.extension.classes': extension, 'millrace.rest.basic.file': path });
    const ask = (user: string) =>
      fetch(`${worker.url}/`, { headers: { authorization: `Basic ${Buffer.from(user).toString('base64')}` } });
    expect((await ask('jane:a secret: of hers')).status).toBe(200);
    const wrong = await ask('jane:x');
    expect([wrong.status, wrong.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="millrace"']);
  });
});

describe('REST over TLS', () => {
  it('serves a renewed certificate without a restart', async () => {
    const path = join(folder, 'renewed.pem');
    await writeFile(path, await readFile(join(folder, 'both.pem')));
    const worker = await start({ listeners: 'https://127.0.0.1:0', [PEM]: path });
    const before = await fingerprint(worker.url);
    const subject = '/CN=localhost -addext subjectAltName=IP:127.0.0.1';
    const made = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj ${subject}`;
    const [key, cert] = [join(folder, 'key2.pem'), join(folder, 'cert2.pem')];
    await run('openssl', [...made.split(' '), '-keyout', key, '-out', cert]);
    await writeFile(path, `${await readFile(key, 'utf8')}${await readFile(cert, 'utf8')}`);
    await until(async () => (await fingerprint(worker.url)) !== before);
  }, 60_000);

  it('asks for certificates of clients where client.auth=required', async () => {
    const worker = await start({
      listeners: 'https://127.0.0.1:0',
      [PEM]: join(folder, 'both.pem'),
      'listeners.https.ssl.truststore.location': join(folder, 'cert.pem'),
      'listeners.https.ssl.client.auth': 'required',
    });
    await expect(statusOverTls(worker.url, {})).rejects.toThrow(/certificate|ECONNRESET|socket hang up/i);
    const [key, cert] = await Promise.all(['key.pem', 'cert.pem'].map((name) => readFile(join(folder, name))));
    expect(await statusOverTls(worker.url, {}, { key, cert })).toBe(200);
  });

  it.each([
    ['PEM', { 'listeners.https.ssl.keystore.type': 'PEM' }, 'both.pem'],
    ['PKCS12', { 'listeners.https.ssl.keystore.password': 'store-pass' }, 'store.p12'],
  ])('serves with a key store that is %s', async (_type, more, file) => {
    const worker = await start({
      listeners: 'https://127.0.0.1:0',
      [PEM]: join(folder, file),
      'millrace.rest.tokens.file': tokens,
      ...more,
    });
    expect(worker.url).toMatch(/^https:/);
    expect(await statusOverTls(worker.url, { authorization: `Bearer ${admin}` })).toBe(200);
    expect(await statusOverTls(worker.url, {})).toBe(401);
  });

  it('is spoken by the command line with --ca, and refused without', async () => {
    const worker = await start({
      listeners: 'https://127.0.0.1:0',
      [PEM]: join(folder, 'both.pem'),
      'millrace.rest.tokens.file': tokens,
    });
    const cli = (...args: string[]) =>
      run(process.execPath, ['runtime/cli/main.ts', 'connectors', 'list', '--url', worker.url, '--json', ...args], {
        env: { ...process.env, MILLRACE_TOKEN: admin },
      });
    expect((await cli('--ca', join(folder, 'cert.pem'))).stdout.trim()).toBe('{}');
    await expect(cli()).rejects.toMatchObject({ code: 3 });
  });

  it.each([
    [Buffer.from('feedfeed00000002', 'hex'), 'keytool -importkeystore'],
    [Buffer.from('-----BEGIN CERTIFICATE-----\n'), 'private key'],
  ])('refuses a key store that cannot serve, with the remedy (%#)', async (bytes, expected) => {
    const path = join(folder, 'wrong.store');
    await writeFile(path, bytes);
    const started = startLocalWorker({ listeners: 'https://127.0.0.1:0', [PEM]: path });
    const error = (await started.catch((one: unknown) => one)) as { key: string; message: string; remedy: string };
    expect(error.key).toBe(PEM);
    expect(`${error.message} ${error.remedy}`).toContain(expected);
  });
});

describe('REST’s limits', () => {
  it('end a request that does not come, and headers that are too large', async () => {
    const worker = await start({ 'millrace.rest.request.timeout.ms': '1000', 'millrace.rest.header.bytes': '2048' });
    const { hostname, port } = new URL(worker.url);
    const slow = connectSocket(Number(port), hostname);
    const answer = new Promise<string>((resolve) => {
      let text = '';
      slow.on('data', (data) => (text += data.toString()));
      slow.once('close', () => resolve(text));
    });
    slow.write(
      'POST /connectors HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{',
    );
    expect(await answer).toContain('408');
    const large = await fetch(`${worker.url}/`, { headers: { 'x-large': 'x'.repeat(4096) } });
    expect(large.status).toBe(431);
  }, 60_000);

  it('answer 429 to more requests than the rate', async () => {
    const worker = await start({ 'millrace.rest.requests.per.second': '5' });
    const statuses = await Promise.all(
      Array.from({ length: 30 }, async () => (await worker.request('GET', '/')).status),
    );
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(10);
  });
});

describe('the audit log', () => {
  it('has a line for each change and each refusal, with no body and no secret', async () => {
    const path = join(folder, 'audit.jsonl');
    const worker = await start({ 'millrace.rest.tokens.file': tokens, 'millrace.audit.file': path });
    const ask = (method: string, route: string, body: object, token = admin) =>
      fetch(`${worker.url}${route}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    await ask('PUT', '/connectors/c/config', { 'connector.class': 's3', 'aws.secret.access.key': 'audited-secret' });
    await ask('PUT', '/admin/loggers/root', { level: 'INFO' });
    await ask('PUT', '/admin/loggers/root', { level: 'INFO' }, 'mlr_wrong');
    const lines = async (): Promise<string[]> => (await readFile(path, 'utf8')).trim().split('\n');
    await until(async () => (await lines()).length === 3);
    const events = (await lines()).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events).toMatchObject([
      {
        who: 'me',
        role: 'admin',
        method: 'PUT',
        url: '/connectors/c/config',
        status: 400,
        outcome: 'refused',
        from: '127.0.0.1',
      },
      { who: 'me', method: 'PUT', url: '/admin/loggers/root', status: 200, outcome: 'done' },
      { who: 'nobody', status: 401, outcome: 'refused' },
    ]);
    expect(await readFile(path, 'utf8')).not.toMatch(/audited-secret|mlr_/);
  });
});

describe('secrets at rest', () => {
  const config = (more: Record<string, string> = {}): Record<string, string> => ({
    'connector.class': 's3',
    topics: 'orders',
    'store.url': `file://${folder}`,
    's3.bucket.name': 'archive',
    'flush.size': '2',
    'aws.access.key.id': 'AKIAEXAMPLE',
    'aws.secret.access.key': 'literal-at-rest',
    ...more,
  });

  it('stand in the topic as given without a key, are sealed at the next start with one, and work as before', async () => {
    const plain = await start();
    const { path } = plain;
    expect((await plain.request('PUT', '/connectors/a/config', config())).status).toBe(201);
    expect(await internalTopics(plain)).toContain('literal-at-rest');
    await plain.stop();

    const keys = join(folder, 'keys');
    await createSecretKey(keys);
    const sealed = await start({ 'millrace.config.secret.file': keys }, path);
    const shown = (await sealed.request('GET', '/connectors/a/config')).body as Record<string, string>;
    expect(shown['aws.secret.access.key']).toBe('[hidden]');
    // What a GET shows comes back by PUT: the password stays what it was.
    expect((await sealed.request('PUT', '/connectors/a/config', { ...shown, 'flush.size': '3' })).status).toBe(200);
    expect(await internalTopics(sealed)).toMatch(/millrace:sealed:1:[0-9a-f]{8}:/);
    expect(await internalTopics(sealed)).not.toContain('literal-at-rest');
    await sealed.stop();

    await createSecretKey(keys);
    const rotated = await start({ 'millrace.config.secret.file': keys }, path);
    expect((await rotated.request('GET', '/connectors/a/check')).text).not.toContain('CONFIG_SEALED');
    await rotated.stop();

    const keyless = await start({}, path);
    await until(async () => (await keyless.request('GET', '/connectors/a/status')).text.includes('CONFIG_SEALED'));
    const { text } = await keyless.request('GET', '/connectors/a/status');
    expect(text).toContain('millrace.config.secret.file');
    expect((await keyless.request('GET', '/connectors/a/config')).text).not.toContain('millrace:sealed');
  }, 60_000);
});

describe('variables', () => {
  const source = (file: string, more: Record<string, string> = {}): Record<string, string> => ({
    'connector.class': 'generator',
    topic: '${file:' + file + ':topic}',
    ...more,
  });

  it('of a file that changes restart the connectors that use it, unless config.action.reload=none', async () => {
    const file = join(folder, 'reload.properties');
    await writeFile(file, 'topic=first\n');
    const worker = await start({ 'millrace.config.reload.interval.ms': '100' });
    expect((await worker.request('PUT', '/connectors/a/config', source(file))).status).toBe(201);
    const none = source(file, { 'config.action.reload': 'none' });
    expect((await worker.request('PUT', '/connectors/b/config', none)).status).toBe(201);
    const started = (name: string): number =>
      worker.lines.filter(({ message, fields }) => message === 'connector started' && fields['connector'] === name)
        .length;
    await until(async () => started('a') === 1 && started('b') === 1);
    await rm(file);
    await until(async () => worker.lines.some(({ level, message }) => level === 'warn' && message.includes(file)));
    await writeFile(file, 'topic=second\n');
    await until(async () => started('a') === 2);
    expect(started('b')).toBe(1);
    expect(((await worker.request('GET', '/connectors/a/config')).body as Record<string, string>)['topic']).toBe(
      source(file)['topic'],
    );
  }, 60_000);

  it('of a file that is missing are named with file, key and remedy', async () => {
    const worker = await start();
    const answer = await worker.request('PUT', '/connectors/a/config', source('/nowhere/x.properties'));
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('there is no file /nowhere/x.properties');
    expect(decodeURIComponent(answer.headers.get('millrace-error') ?? '')).toContain('"key":"topic"');
  });
});
