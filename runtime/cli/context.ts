import { resolve } from 'node:path';
import type { Command } from 'commander';
import { namedContext, readContexts, writeContexts, type Context } from '../app/contexts.ts';
import { json, paint, table, type CliIo } from './cli-io.ts';
import { usage } from './flags.ts';

const HIDDEN = '[hidden]';

interface Flags {
  readonly json?: boolean;
}

/** `millrace context …` */
export function defineContext(command: Command, io: CliIo): void {
  command
    .description(
      'Keeps the addresses of workers by name, in contexts.json of the user’s configuration directory. Commands use the context in use; --context names another, --url and --hub win over both.',
    )
    .addHelpText(
      'after',
      `
MILLRACE_CONTEXT names the context of a shell.

Examples:
  millrace context add prod --url https://connect.internal:8083
  millrace context add local --url http://127.0.0.1:8083 --hub ./millrace-data
  millrace context use prod
  millrace connectors list --context local`,
    );
  defineList(command, io);
  defineAdd(command, io);
  defineUse(command, io);
  defineRemove(command, io);
}

function sub(command: Command, name: string, summary: string, example: string): Command {
  return command
    .command(name)
    .description(summary)
    .option('--json', 'print JSON')
    .addHelpText('after', `\nExamples:\n  millrace context ${example}`)
    .exitOverride();
}

function defineList(command: Command, io: CliIo): void {
  sub(command, 'list', 'list contexts', 'list').action(async (flags: Flags) => {
    const all = await readContexts(io.env);
    if (flags.json === true) {
      const contexts = all.contexts.map((one) => (one.token === undefined ? one : { ...one, token: HIDDEN }));
      io.out(json({ ...all, contexts }));
      return;
    }
    const rows = all.contexts.map(({ name, url, hub }) => [name === all.current ? '*' : '', name, url, hub ?? '']);
    table(io, ['', 'NAME', 'URL', 'HUB'], rows);
  });
}

function defineAdd(command: Command, io: CliIo): void {
  sub(
    command,
    'add <name>',
    'add a context or change it; the first one is in use',
    'add prod --url http://10.0.0.5:8083',
  )
    .requiredOption('-u, --url <url>', 'where the worker’s REST listens')
    .option('-d, --hub <path>', 'directory of its hub, where this machine has it')
    .option('--token <token>', 'bearer token for it (default: MILLRACE_TOKEN); kept in a file only you can read')
    .option('--ca <path>', 'PEM file of the authority that signed its certificate, where it is your own')
    .action(async (name: string, flags: Flags & { url: string; hub?: string; token?: string; ca?: string }) => {
      if (!/^https?:\/\/[^/]/.test(flags.url)) throw usage(`--url ${flags.url}: http://host:port is needed`, '--url');
      const { current, contexts } = await readContexts(io.env);
      const token = flags.token ?? io.env['MILLRACE_TOKEN'] ?? '';
      const added: Context = {
        name,
        url: flags.url,
        ...(flags.hub === undefined ? {} : { hub: resolve(flags.hub) }),
        ...(token === '' ? {} : { token }),
        ...(flags.ca === undefined ? {} : { ca: resolve(flags.ca) }),
      };
      const others = contexts.filter((one) => one.name !== name);
      const inUse = current ?? name;
      await writeContexts(io.env, { current: inUse, contexts: [...others, added] });
      const result = others.length === contexts.length ? 'added' : 'changed';
      if (flags.json === true) io.out(json({ name, result, current: inUse }));
      else io.out(`${paint(io, 'green', result)} ${name}; ${useText(name, inUse)}`);
    });
}

function useText(name: string, inUse: string): string {
  if (inUse === name) return `it is in use now (\`millrace context remove ${name}\` forgets it)`;
  return `${inUse} stays in use (\`millrace context use ${name}\` changes that)`;
}

function defineUse(command: Command, io: CliIo): void {
  sub(command, 'use <context>', 'let commands use this context', 'use prod').action(
    async (name: string, flags: Flags) => {
      const all = await readContexts(io.env);
      await writeContexts(io.env, { ...all, current: namedContext(all, name).name });
      said(io, flags, name, 'in use');
    },
  );
}

function defineRemove(command: Command, io: CliIo): void {
  sub(command, 'remove <context>', 'forget a context', 'remove prod').action(async (name: string, flags: Flags) => {
    const all = await readContexts(io.env);
    const { name: gone } = namedContext(all, name);
    const contexts = all.contexts.filter((one) => one.name !== gone);
    await writeContexts(io.env, { current: all.current === gone ? null : all.current, contexts });
    said(io, flags, name, 'removed');
  });
}

function said(io: CliIo, flags: Flags, name: string, result: string): void {
  io.out(flags.json === true ? json({ name, result }) : `${paint(io, 'green', result)} ${name}`);
}
