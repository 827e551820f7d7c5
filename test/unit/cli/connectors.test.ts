import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { CliIo } from '../../../runtime/cli/cli-io.ts';
import { buildProgram } from '../../../runtime/cli/run.ts';
import { hubError } from '../../../runtime/app/threads/thread-error.ts';

let server: Server;
const lines: string[] = [];
const io: CliIo = {
  out: (line) => void lines.push(line),
  err: () => {},
  colour: false,
  errColour: false,
  env: {},
  signal: new AbortController().signal,
  exit: () => {},
};

beforeAll(async () => {
  // Three connectors; the second cannot be destroyed.
  server = createServer(({ url = '' }, response) => {
    if (url === '/connectors') response.end('["a","b","c"]');
    else if (url.startsWith('/connectors/b?')) {
      response.writeHead(500).end('{"error_code": 500, "message": "the database is gone"}');
    } else response.writeHead(204).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(() => void (lines.length = 0));

async function run(...args: readonly string[]): Promise<void> {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const all = [...args, '--url', url];
  await (await buildProgram(all, io)).parseAsync(all, { from: 'user' });
}

it('connectors are told as they are done', async () => {
  await run('connectors', 'stop', 'a', 'c');
  expect(lines).toEqual(['stopped a', 'stopped c']);
});

it('the one that cannot be destroyed is named, with the way out, after those that are deleted', async () => {
  await expect(run('connectors', 'delete', 'a', 'b', 'c', '--destroy')).rejects.toMatchObject({
    message: 'delete b: the database is gone',
    remedy: expect.stringContaining('without --destroy') as string,
  });
  expect(lines).toEqual(['deleted a']);
});

it('a directory that can be none is an error of the option that names it', () => {
  const missing = Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT' });
  expect(hubError(missing, '/proc/x')).toMatchObject({
    code: 'HUB_PATH_UNUSABLE',
    kind: 'config',
    key: 'millrace.hub.path',
  });
  const other = new Error('something else');
  expect(hubError(other, '/proc/x')).toBe(other);
});
