import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ReindexReport } from '../../runtime/app/reindex/run-reindex.ts';
import { SearchProbe } from '../integration/elasticsearch/search-probe.ts';
import { useSearches } from '../services/use-searches.ts';
import { connectorFiles } from './connector-files.ts';
import { millrace, WorkerProcess, type Finished } from './worker-process.ts';

const searches = await useSearches(['elasticsearch']);

/** Passes requests on to a search server, each once `before` has let it. */
async function waitingProxy(target: string, before: (method: string, path: string) => Promise<void>) {
  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part as Buffer);
    const { method = '', url = '/', headers } = incoming;
    await before(method, url);
    const onward = request(new URL(url, target), { method, headers, setHost: false }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    onward.end(Buffer.concat(parts));
  };
  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe.skipIf(searches.length === 0).each(searches)('a reindex in $name beside others', (search) => {
  const topic = `beside${process.pid}`;
  const probe = new SearchProbe(search.url);
  let folder: string;
  let worker: WorkerProcess;
  let proxy: Awaited<ReturnType<typeof waitingProxy>>;
  /** What happens before the names are switched, and before a new index is made. */
  let beforeSwitch: () => Promise<void>;
  let beforeIndex: () => Promise<void>;

  beforeEach(async () => {
    beforeSwitch = () => Promise.resolve();
    beforeIndex = () => Promise.resolve();
    proxy = await waitingProxy(search.url, async (method, path) => {
      if (path === '/_aliases') await beforeSwitch();
      if (method === 'PUT' && path.startsWith(`/${topic}-`)) await beforeIndex();
    });
    folder = mkdtempSync(join(tmpdir(), 'mr-beside-'));
    const files = connectorFiles(folder, {
      load: { 'connector.class': 'generator', topic, keys: '1000000', throughput: '400' },
      search: { 'connector.class': 'elasticsearch', 'connection.url': proxy.url, topics: topic },
    });
    worker = await WorkerProcess.start(['--set', 'offset.flush.interval.ms=100', ...files], folder);
    await worker.until('begun', async () => (await offset()) > 500);
  });

  afterEach(async () => {
    await worker.stop();
    proxy.close();
    await probe.removeBehind(topic);
    await probe.removeBehind(`${topic}-*`);
    rmSync(folder, { recursive: true, force: true });
  });

  async function offset(): Promise<number> {
    const { body } = await worker.get('/connectors/search/offsets');
    const { offsets } = body as { offsets: readonly { offset: { kafka_offset: number } }[] };
    return offsets[0]?.offset.kafka_offset ?? 0;
  }

  const send = (method: string, path: string, body?: object) =>
    fetch(`${worker.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const reindex = (): Promise<Finished> =>
    millrace(['reindex', 'search', '--hub', 'millrace-data', '--url', worker.url, '--json'], folder);

  /** Once the source stands still, every key of the topic is a document. */
  async function expectWhole(): Promise<void> {
    await send('PUT', '/connectors/load/stop');
    await worker.until('at rest', async () => {
      const { body } = await worker.get('/connectors/search/health');
      return JSON.stringify(body).includes('everything up to the high watermark is delivered');
    });
    const args = ['topics', 'tail', topic, '--hub', 'millrace-data', '--from-beginning', '--json'];
    const { out } = await millrace([...args, '--max', String(await offset())], folder);
    const lines = out.split('\n').filter((line) => line !== '');
    const keys = new Set(lines.map((line) => (JSON.parse(line) as { key: string }).key));
    expect(keys.size).toBeGreaterThan(1000);
    expect(new Set((await probe.documents(topic)).map(({ id }) => id))).toEqual(keys);
  }

  test('loses nothing where somebody resumes the sink before the switch', async () => {
    beforeSwitch = async () => {
      const stood = await offset();
      expect((await send('PUT', '/connectors/search/resume')).status).toBe(202);
      await worker.until('gone on', async () => (await offset()) > stood + 200);
    };
    const { code, out, err } = await reindex();
    expect(err).toContain('what it wrote since is given to it again');
    expect(code).toBe(0);
    expect((JSON.parse(out) as ReindexReport).rejected).toBe(0);
    await worker.running('search');
    await expectWhole();
  });

  test('and another that begins in the same second lose nothing', async () => {
    const ends = await Promise.all([reindex(), reindex()]);
    expect(ends.map(({ code }) => code)).toContain(0);
    await send('PUT', '/connectors/search/resume');
    await expectWhole();
  });

  test('is refused where the sink was configured otherwise meanwhile, and switches nothing', async () => {
    beforeIndex = async () => {
      expect((await send('PATCH', '/connectors/search/config', { 'batch.size': '100' })).status).toBe(200);
    };
    const { code, err } = await reindex();
    expect(err).toContain('REINDEX_CONFIG_CHANGED');
    expect(code).not.toBe(0);
    expect((await probe.call('GET', `/${topic}-*/_alias`)).body).toEqual({});
    await worker.until('going on', async () => {
      const { body } = await worker.get('/connectors/search/status');
      return (body as { connector: { state: string } }).connector.state === 'RUNNING';
    });
  });
});
