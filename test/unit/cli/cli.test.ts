import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isConnectorPath, parseConnectorFile, readConnectorFiles } from '../../../runtime/app/connector-files.ts';
import { json, paint, printError, table, type CliIo } from '../../../runtime/cli/cli-io.ts';
import { COMMANDS } from '../../../runtime/cli/command-table.ts';
import { jsonScreen } from '../../../runtime/cli/demo-screen.ts';
import { EXIT, exitCodeOf } from '../../../runtime/cli/exit-codes.ts';
import { withoutStack } from '../../../runtime/cli/connectors.ts';
import { buildProgram } from '../../../runtime/cli/run.ts';
import { MillraceError, type ErrorKind } from '../../../runtime/record/error.ts';

function capture(colour = false): CliIo & { readonly lines: string[] } {
  const lines: string[] = [];
  const put = (line: string): void => {
    lines.push(line);
  };
  return {
    lines,
    out: put,
    err: put,
    colour,
    errColour: colour,
    env: {},
    signal: new AbortController().signal,
    exit: () => {},
  };
}

describe('exit statuses', () => {
  it.each<[ErrorKind, number]>([
    ['config', 2],
    ['unavailable', 3],
    ['missing', 4],
    ['conflict', 5],
    ['busy', 5],
    ['bug', 1],
  ])('an error of kind %s is %i', (kind, code) => {
    expect(exitCodeOf(new MillraceError('X_Y', 'text', { kind }))).toBe(code);
  });

  it('are all different', () => {
    const codes = Object.values(EXIT).map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
  });
});

describe('errors', () => {
  it('are printed with key, remedy and code, without a stack', () => {
    const io = capture();
    printError(io, new MillraceError('A_B', 'it is wrong', { kind: 'config', key: 'x.y', remedy: 'Mend it.' }));
    expect(io.lines).toEqual(['error: it is wrong', '  key:    x.y', '  remedy: Mend it.', '  code:   A_B']);
  });
});

describe('output', () => {
  it('has colours on a terminal only', () => {
    expect(paint(capture(), 'red', 'x')).toBe('x');
    expect(paint(capture(true), 'red', 'x')).toBe('\u001B[31mx\u001B[0m');
  });

  it('aligns columns', () => {
    const io = capture();
    table(
      io,
      ['A', 'B'],
      [
        ['long', 'x'],
        ['s', 'y'],
      ],
    );
    expect(io.lines).toEqual(['A     B', 'long  x', 's     y']);
  });

  it('prints big integers', () => {
    expect(json({ a: 12345678901234567890n })).toBe('{"a":"12345678901234567890"}');
  });
});

describe('a trace', () => {
  it('is shown without places in the code', () => {
    const trace =
      'A_B: MillraceError: x\n    at f (a.ts:1:2)\nRemedy: y\nCaused by: Error: z\n    at async g (b.ts:3:4)';
    expect(withoutStack(trace)).toBe('A_B: MillraceError: x\nRemedy: y\nCaused by: Error: z');
  });
});

describe('the demo', () => {
  it.each(['foo', 'http://127.0.0.1:5432', '127.0.0.1:5432/postgres'])(
    'begins nothing with what is no address of a Postgres: %s',
    async (url) => {
      const args = ['demo', '--url', url];
      const program = await buildProgram(args, capture());
      await expect(program.parseAsync(args, { from: 'user' })).rejects.toMatchObject({
        code: 'CLI_USAGE',
        key: '--url',
      });
    },
  );
});

describe('the demo as JSON', () => {
  it('prints the report alone on standard output', () => {
    const out: string[] = [];
    const err: string[] = [];
    const screen = jsonScreen({
      ...capture(),
      out: (line) => void out.push(line),
      err: (line) => void err.push(line),
    });
    screen.step('Making a shop');
    const report = { position: '0/1', comparisons: [], equal: true, complete: true, notHeld: [] } as const;
    screen.report(report);
    expect(err).toEqual(['Making a shop']);
    expect(out.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ equal: true, position: '0/1' }]);
  });
});

describe('the command line', () => {
  it.each(COMMANDS.map(({ name }) => name))('%s has a help with examples', async (name) => {
    const program = await buildProgram([name, '--help'], capture());
    const command = program.commands.find((one) => one.name() === name);
    let text = '';
    command?.configureOutput({ writeOut: (part) => void (text += part) });
    command?.outputHelp();
    expect(text).toContain('Examples:');
    expect(text).toContain(`millrace ${name}`);
  });

  it('loads no command but the one that is called', async () => {
    const program = await buildProgram(['topics', 'list'], capture());
    const loaded = program.commands.filter((command) => command.options.length + command.commands.length > 0);
    expect(loaded.map((command) => command.name())).toEqual(['topics']);
  });
});

describe('connector files', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-files-'));
    await writeFile(join(folder, 'a.json'), '{"name":"shop","config":{"connector.class":"x","tasks.max":2}}');
    await writeFile(join(folder, 'b.properties'), 'name=old\nconnector.class=y\n');
    await writeFile(join(folder, 'worker.json'), '{"group.id":"g"}');
    await mkdir(join(folder, 'empty'));
  });

  afterAll(() => rm(folder, { recursive: true }));

  it('hold a request of the REST API, or the configuration alone', () => {
    expect(parseConnectorFile('/x/a.json', '{"name":"n","config":{"connector.class":"c"}}').name).toBe('n');
    expect(parseConnectorFile('/x/a.json', '{"connector.class":"c","tasks.max":1}')).toEqual({
      path: '/x/a.json',
      name: 'a',
      config: { 'connector.class': 'c', 'tasks.max': '1' },
    });
    expect(parseConnectorFile('a.properties', 'name=n\nconnector.class=c').name).toBe('n');
  });

  it('are told from a worker’s configuration', async () => {
    expect(await isConnectorPath(join(folder, 'a.json'))).toBe(true);
    expect(await isConnectorPath(folder)).toBe(true);
    expect(await isConnectorPath(join(folder, 'worker.json'))).toBe(false);
    expect(await isConnectorPath(join(folder, 'absent.json'))).toBe(false);
  });

  it('are refused all at once', async () => {
    await expect(
      readConnectorFiles([join(folder, 'worker.json'), join(folder, 'absent.json'), join(folder, 'empty')]),
    ).rejects.toMatchObject({
      code: 'CONFIG_FILE_INVALID',
      message: expect.stringMatching(/worker\.json[^]*absent\.json[^]*empty|empty[^]*worker/),
    });
  });

  it('may not name the same connector twice', async () => {
    const path = join(folder, 'a.json');
    await expect(readConnectorFiles([path, path])).rejects.toThrow('both name the connector shop');
  });
});
