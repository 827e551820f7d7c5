import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contextsPath, readContexts, writeContexts } from '../../../runtime/app/contexts.ts';
import type { CliIo } from '../../../runtime/cli/cli-io.ts';
import { complete } from '../../../runtime/cli/complete.ts';
import { COMMANDS } from '../../../runtime/cli/command-table.ts';
import { buildProgram } from '../../../runtime/cli/run.ts';

let folder: string;
let io: CliIo & { readonly lines: string[] };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-config-'));
  const lines: string[] = [];
  const put = (line: string): void => void lines.push(line);
  const env = { XDG_CONFIG_HOME: folder };
  const { signal } = new AbortController();
  io = { lines, out: put, err: put, colour: false, errColour: false, env, signal, exit: () => {} };
});

afterAll(() => rm(folder, { recursive: true }));

async function run(...args: readonly string[]): Promise<readonly string[]> {
  io.lines.length = 0;
  await (await buildProgram(args, io)).parseAsync(args, { from: 'user' });
  return [...io.lines];
}

describe('completion', () => {
  it('offers commands, their subcommands, and options', async () => {
    expect(await complete(['co'], io)).toEqual(['completion', 'connectors', 'context']);
    expect(await complete(['connectors', 're'], io)).toEqual(['restart', 'resume', 'rewind']);
    expect(await complete(['connectors', 'restart', '--ta'], io)).toEqual(['--task', '--tasks']);
    expect(await complete(['completion', ''], io)).toEqual(['bash', 'fish', 'zsh']);
    expect(await complete(['plugins', 'postg'], io)).toContain('postgres');
    expect(await complete(['plugins', 'postgres', 'slot.n'], io)).toEqual(['slot.name']);
    expect(await complete(['nothing', ''], io)).toEqual([]);
  });

  it('offers nothing where files are meant, or where no worker and no hub answer', async () => {
    expect(await complete(['apply', ''], io)).toEqual([]);
    expect(await complete(['topics', 'tail', '--hub', '/nowhere', ''], io)).toEqual([]);
    expect(await complete(['connectors', 'status', '--url', 'http://127.0.0.1:1', ''], io)).toEqual([]);
  });
});

describe('contexts', () => {
  it('are added, used, listed and removed; the first is in use', async () => {
    expect(await run('context', 'list', '--json')).toEqual(['{"current":null,"contexts":[]}']);
    await run('context', 'add', 'prod', '--url', 'http://10.0.0.5:8083');
    await run('context', 'add', 'local', '--url', 'http://127.0.0.1:1', '--hub', '/hub');
    expect(await run('context', 'list')).toEqual([
      '   NAME   URL                   HUB',
      '*  prod   http://10.0.0.5:8083  ',
      '   local  http://127.0.0.1:1    /hub',
    ]);
    expect(await run('context', 'use', 'local')).toEqual(['in use local']);
    expect(await complete(['connectors', 'list', '--context', 'pr'], io)).toEqual(['prod']);
    await run('context', 'add', 'prod', '--url', 'http://10.0.0.6:8083');
    expect((await readContexts(io.env)).contexts.find(({ name }) => name === 'prod')?.url).toBe('http://10.0.0.6:8083');
    await run('context', 'remove', 'local');
    expect(await readContexts(io.env)).toMatchObject({ current: null, contexts: [{ name: 'prod' }] });
  });

  it('say which worker a command asks, unless --url or --context says another', async () => {
    await writeContexts(io.env, { current: 'a', contexts: [local('a', 1), local('b', 2), local('c', 3)] });
    const asked = async (...args: readonly string[]): Promise<string> =>
      run('connectors', 'list', ...args).then(
        () => '',
        (error: unknown) => String(error).replace(/: connect.*/, ''),
      );
    expect(await asked()).toContain('http://127.0.0.1:1');
    expect(await asked('--context', 'b')).toContain('http://127.0.0.1:2');
    expect(await asked('--context', 'b', '--url', 'http://127.0.0.1:9')).toContain('http://127.0.0.1:9');
    io = { ...io, env: { ...io.env, MILLRACE_CONTEXT: 'c' } };
    expect(await asked()).toContain('http://127.0.0.1:3');
    await expect(run('context', 'use', 'd')).rejects.toMatchObject({ code: 'CONTEXT_NOT_FOUND', kind: 'missing' });
    await expect(run('context', 'add', 'e', '--url', 'nonsense')).rejects.toMatchObject({ key: '--url' });
  });

  it('are kept where the system keeps configurations', () => {
    expect(contextsPath({ XDG_CONFIG_HOME: '/x' })).toBe(join('/x', 'millrace', 'contexts.json'));
    expect(contextsPath({ HOME: '/home/u' })).toBe(join('/home/u', '.config', 'millrace', 'contexts.json'));
    expect(contextsPath({ APPDATA: '/roaming', USERPROFILE: '/u' })).toBe(
      join('/roaming', 'millrace', 'contexts.json'),
    );
  });
});

describe('options of a plugin', () => {
  it('are shown by key; what is none is told with what is close', async () => {
    const [shown] = await run('plugins', 'postgres', 'slot.name', '--json');
    expect(JSON.parse(shown ?? '')).toMatchObject([{ name: 'slot.name', type: 'STRING' }]);
    await expect(run('plugins', 'postgres', 'slot.nmae')).rejects.toMatchObject({
      message: 'there is no option of postgres slot.nmae',
      remedy: 'Did you mean slot.name? `millrace plugins postgres` shows what there is.',
    });
    await expect(run('plugins', 'postgers')).rejects.toMatchObject({ remedy: expect.stringContaining('postgres?') });
  });
});

describe('every command', () => {
  it('has examples in its help, and those that print data have --json', async () => {
    for (const { name } of COMMANDS) {
      const program = await buildProgram([name, '--help'], io);
      const command = program.commands.find((one) => one.name() === name);
      for (const one of command === undefined ? [] : [command, ...command.commands]) {
        let text = '';
        one.configureOutput({ writeOut: (part) => void (text += part) });
        one.outputHelp();
        expect(text, `${name} ${one.name()}`).toContain(`Examples:\n  `);
        if (one.commands.length === 0) expect(one.options.map(({ long }) => long)).toContain('--json');
      }
    }
  });
});

function local(name: string, port: number) {
  return { name, url: `http://127.0.0.1:${port}` };
}
