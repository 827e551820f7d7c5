import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readContexts } from '../../../runtime/app/contexts.ts';
import type { CliIo } from '../../../runtime/cli/cli-io.ts';
import { buildProgram } from '../../../runtime/cli/run.ts';
import { hashToken } from '../../../runtime/settings/token-file.ts';

let folder: string;
let io: CliIo & { readonly lines: string[] };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-access-'));
  const lines: string[] = [];
  const out = (line: string): void => void lines.push(line);
  const { signal } = new AbortController();
  io = {
    lines,
    out,
    err: () => {},
    colour: false,
    errColour: false,
    env: { XDG_CONFIG_HOME: folder },
    signal,
    exit: () => {},
  };
});

afterAll(() => rm(folder, { recursive: true }));

async function run(...args: readonly string[]): Promise<readonly string[]> {
  io.lines.length = 0;
  await (await buildProgram(args, io)).parseAsync(args, { from: 'user' });
  return [...io.lines];
}

async function mode(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

describe('millrace token', () => {
  it('prints a token once, keeps its hash in a file of its owner’s, lists and revokes it', async () => {
    const file = join(folder, 'tokens.json');
    const [token = ''] = await run('token', 'create', '--file', file, '--role', 'viewer', '--name', 'grafana');
    const text = await readFile(file, 'utf8');
    expect(text).toContain(hashToken(token));
    expect(text).not.toContain(token);
    expect(await mode(file)).toBe('600');
    expect(JSON.parse((await run('token', 'list', '--file', file, '--json'))[0] ?? '')).toMatchObject([
      { name: 'grafana', role: 'viewer' },
    ]);
    const again = run('token', 'create', '--file', file, '--role', 'viewer', '--name', 'grafana');
    await expect(again).rejects.toMatchObject({ code: 'TOKEN_EXISTS', kind: 'conflict' });
    await expect(run('token', 'revoke', 'grafna', '--file', file)).rejects.toMatchObject({ code: 'TOKEN_NOT_FOUND' });
    await run('token', 'revoke', 'grafana', '--file', file);
    expect(await run('token', 'list', '--file', file, '--json')).toEqual(['[]']);
  });

  it('refuses a role that is none', async () => {
    const made = run('token', 'create', '--file', join(folder, 'x'), '--role', 'root', '--name', 'a');
    await expect(made).rejects.toMatchObject({ code: 'CLI_USAGE', key: '--role' });
  });
});

describe('millrace secret', () => {
  it('puts a new key before those there are', async () => {
    const file = join(folder, 'keys');
    await run('secret', 'create', '--file', file);
    const [first] = (await readFile(file, 'utf8')).split('\n');
    expect(Buffer.from(first ?? '', 'base64')).toHaveLength(32);
    await run('secret', 'create', '--file', file);
    const lines = (await readFile(file, 'utf8')).trim().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toBe(first);
    expect(await mode(file)).toBe('600');
  });
});

describe('a context', () => {
  it('is told to be in use where it is, its hub is kept from any folder, and an address nobody answers at names it', async () => {
    const home = { ...io.env };
    const other = join(folder, 'fresh');
    Object.assign(io.env, { XDG_CONFIG_HOME: other });
    try {
      const [first] = await run('context', 'add', 'try', '--url', 'http://127.0.0.1:1', '--hub', './h');
      const [second] = await run('context', 'add', 'two', '--url', 'http://127.0.0.1:2');
      expect(first).toContain('added try; it is in use now');
      expect(second).toContain('added two; try stays in use');
      expect((await readContexts(io.env)).contexts[0]?.hub).toBe(join(process.cwd(), 'h'));
      await expect(run('connectors', 'list')).rejects.toMatchObject({
        code: 'CLI_UNREACHABLE',
        message: expect.stringContaining('(context try)') as string,
      });
    } finally {
      Object.assign(io.env, home);
    }
  });

  it('keeps a token in a file only its owner reads, and never lists it', async () => {
    const token = 'mlr_of-a-context';
    await run('context', 'add', 'prod', '--url', 'https://10.0.0.5:8083', '--token', token, '--ca', 'ca.pem');
    expect(await mode(join(folder, 'millrace', 'contexts.json'))).toBe('600');
    expect((await readContexts(io.env)).contexts[0]).toMatchObject({ token, ca: join(process.cwd(), 'ca.pem') });
    for (const flags of [[], ['--json']]) expect((await run('context', 'list', ...flags)).join()).not.toContain(token);
  });
});
