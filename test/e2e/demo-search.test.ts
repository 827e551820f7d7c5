import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startSearchServer } from '../../runtime/app/demo/search-server.ts';
import { SearchProbe } from '../integration/elasticsearch/search-probe.ts';
import { startSearch, type NoSearchServer, type SearchServer } from '../services/elasticsearch.ts';
import { millrace } from './worker-process.ts';

let folder: string;
let server: SearchServer | NoSearchServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mr-demo-search-'));
  server = await startSearch('opensearch');
});

afterAll(async () => {
  if ('stop' in server) await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('the demo keeps a search index true to the shop, again and again in the same server', async ({ skip }) => {
  skip('missing' in server, 'missing' in server ? server.missing : '');
  if ('missing' in server) return;
  const args = ['demo', '--search', server.url, '--data', 'demo', '--seconds', '2', '--orders', '200'];
  for (let run = 0; run < 2; run++) {
    const { code, out, err } = await millrace(args, folder);
    expect(out + err).toContain('No row was lost');
    expect(out).toMatch(/a search finds: \d+ documents/);
    expect(out.match(/ search +\d+ +\d+ +[0-9a-f]+ +equal$/gm)).toHaveLength(4);
    expect(code).toBe(0);
  }
  const { body } = await new SearchProbe(server.url).call('POST', '/demo.millrace_shop.orders/_count', {
    query: { match: { status: 'paid' } },
  });
  expect((body as { count: number }).count).toBeGreaterThan(0);
});

test('a search server that does not answer is named by its option, before anything is made', async () => {
  const args = ['demo', '--search', 'http://user:hunter2@127.0.0.1:1', '--data', 'away'];
  const { code, out, err } = await millrace(args, folder);
  expect(err).toMatch(/http:\/\/127\.0\.0\.1:1\b[^]*--search[^]*ELASTICSEARCH_UNAVAILABLE/);
  expect(out + err).not.toContain('hunter2');
  expect(out).not.toContain('Making a shop');
  expect(code).not.toBe(0);
});

test('where no server can be started the remedy is to name one', async () => {
  vi.stubEnv('PATH', folder);
  try {
    await expect(startSearchServer()).rejects.toMatchObject({
      code: 'DEMO_SEARCH_START',
      key: '--search',
      remedy: expect.stringContaining('--search http://127.0.0.1:9200') as string,
    });
  } finally {
    vi.unstubAllEnvs();
  }
});
