import type { Command } from 'commander';
import { namedContext, readContexts, type Context } from '../app/contexts.ts';
import { trustCertificates } from '../app/trusted-ca.ts';
import type { CliIo } from './cli-io.ts';
import { restClient, type RestClient } from './rest-client.ts';

const LOCAL_URL = 'http://127.0.0.1:8083';
const LOCAL_HUB = './millrace-data';

/** Flags that say which worker, or which hub, a command is about. */
export interface PlaceFlags {
  readonly url?: string;
  readonly hub?: string;
  readonly context?: string;
  readonly token?: string;
  readonly ca?: string;
}

/** Adds `--url`, `--context`, `--token` and `--ca`. */
export function withWorker(command: Command): Command {
  return withContext(
    command
      .option('-u, --url <url>', `where the worker’s REST listens (default: of the context, else ${LOCAL_URL})`)
      .option('--token <token>', 'bearer token (default: MILLRACE_TOKEN, else of the context)')
      .option('--ca <path>', 'PEM file of the authority that signed the worker’s certificate, where it is your own'),
  );
}

/** Adds `--hub` and `--context`. */
export function withHub(command: Command): Command {
  return withContext(
    command.option('-d, --hub <path>', `directory of the hub (default: of the context, else ${LOCAL_HUB})`),
  );
}

function withContext(command: Command): Command {
  if (command.options.some(({ long }) => long === '--context')) return command;
  return command.option('--context <name>', 'the worker of this context (see `millrace context`)');
}

/**
 * The worker that is meant: by `--url`, `--context`, MILLRACE_CONTEXT, the context in use, or the local one.
 * A context's token goes to the context's worker only.
 */
export async function workerOf(flags: PlaceFlags, io: CliIo): Promise<RestClient> {
  const context = flags.url === undefined ? await contextOf(flags, io) : null;
  const ca = flags.ca ?? context?.ca;
  if (ca !== undefined) await trustCertificates(ca);
  const token = flags.token ?? given(io.env['MILLRACE_TOKEN']) ?? context?.token ?? null;
  return restClient(flags.url ?? context?.url ?? LOCAL_URL, io.signal, token, context?.name);
}

function given(variable: string | undefined): string | undefined {
  return variable === '' ? undefined : variable;
}

/** The directory of the hub that is meant, likewise. */
export async function hubOf(flags: PlaceFlags, io: CliIo): Promise<string> {
  return flags.hub ?? (await contextOf(flags, io))?.hub ?? LOCAL_HUB;
}

async function contextOf({ context }: PlaceFlags, io: CliIo): Promise<Context | null> {
  const all = await readContexts(io.env);
  const name = context ?? io.env['MILLRACE_CONTEXT'] ?? all.current;
  return name === null || name === '' ? null : namedContext(all, name);
}
