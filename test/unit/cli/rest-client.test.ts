import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { restClient, segment } from '../../../runtime/cli/rest-client.ts';

const servers: (() => void)[] = [];

afterEach(() => {
  for (const close of servers.splice(0)) close();
});

async function answering(status: number, body: string): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(status).end(body));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('what answers and is no worker', () => {
  it.each([
    [404, ''],
    [404, '<h1>Not Found</h1>'],
    [502, '{"error": "bad gateway"}'],
    [200, '<h1>Welcome</h1>'],
  ])('is named with its address and what to do: %i %s', async (status, body) => {
    const url = await answering(status, body);
    const asked = restClient(url, new AbortController().signal).request('GET', '/connectors?expand=info');
    await expect(asked).rejects.toMatchObject({
      code: `REST_${status}`,
      message: `what answers at ${url} is no worker’s REST: GET /connectors?expand=info: HTTP ${status}`,
      remedy: expect.stringContaining('--url or --context') as string,
    });
  });
});

it('an error of a worker stands for itself', async () => {
  const url = await answering(404, '{"error_code": 404, "message": "Connector shop not found"}');
  const asked = restClient(url, new AbortController().signal).request('GET', '/topics');
  await expect(asked).rejects.toMatchObject({ code: 'REST_404', message: 'Connector shop not found', kind: 'missing' });
});

describe('a name in an address', () => {
  it('is encoded, and refused where the address would be that of something else', () => {
    expect(['a/b', '...', 'a%b', 'ü'].map(segment)).toEqual(['a%2Fb', '...', 'a%25b', '%C3%BC']);
    for (const name of ['.', '..', '\ud800'])
      expect(() => segment(name)).toThrow(expect.objectContaining({ code: 'CLI_NAME', kind: 'config' }));
  });
});
