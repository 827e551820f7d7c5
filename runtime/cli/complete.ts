import { Command } from 'commander';
import { readContexts } from '../app/contexts.ts';
import { listTopics } from '../app/local-topics.ts';
import { describePlugin, listPlugins } from '../app/plugins/plugin-list.ts';
import type { CliIo } from './cli-io.ts';
import { COMMANDS } from './command-table.ts';
import { hubOf, workerOf, type PlaceFlags } from './place.ts';
import type { RestClient } from './rest-client.ts';

/** A worker that does not answer by then has no names to offer. */
const WAIT_MS = 1000;

/** What may stand in the place of the last word, one each; nothing: files, or nobody knows. */
export async function complete(words: readonly string[], io: CliIo): Promise<readonly string[]> {
  const typed = words.slice(0, -1);
  const last = words.at(-1) ?? '';
  const candidates = await candidatesFor(typed, last, io);
  return candidates.filter((one) => one.startsWith(last)).toSorted();
}

async function candidatesFor(typed: readonly string[], last: string, io: CliIo): Promise<readonly string[]> {
  const entry = COMMANDS.find(({ name }) => name === typed[0]);
  if (entry === undefined) {
    return typed.length === 0 ? [...COMMANDS.map(({ name }) => name), 'help', '--help', '--version'] : [];
  }
  const top = new Command(entry.name);
  (await entry.load())(top, io);
  const sub = top.commands.find((one) => one.name() === typed[1]);
  if (sub === undefined && top.commands.length > 0) {
    return typed.length > 1 ? [] : [...top.commands.map((one) => one.name()), '--help'];
  }
  const command = sub ?? top;
  const { flags, places, open } = read(command, typed.slice(sub === undefined ? 1 : 2));
  if (open !== null) return named(open, flags, io);
  if (last.startsWith('-')) return [...command.options.flatMap(({ long }) => long ?? []), '--help'];
  const argument = command.registeredArguments[places] ?? command.registeredArguments.findLast((one) => one.variadic);
  if (argument?.name() === 'keys') return ((await describePlugin(typed[1] ?? '')) ?? []).map(({ name }) => name);
  return argument === undefined ? [] : named(`${entry.name} ${argument.name()}`, flags, io);
}

interface Typed {
  readonly flags: PlaceFlags;
  /** Arguments typed. */
  readonly places: number;
  /** The option whose value comes next; null: none. */
  readonly open: string | null;
}

function read(command: Command, words: readonly string[]): Typed {
  const flags: Record<string, string> = {};
  let places = 0;
  let open: string | null = null;
  for (const word of words) {
    if (open !== null) {
      flags[open.replace(/^--/, '')] = word;
      open = null;
      continue;
    }
    if (!word.startsWith('-')) {
      places++;
      continue;
    }
    const option = command.options.find(({ short, long }) => word === short || word === long);
    if (option?.required === true) open = option.long ?? null;
  }
  return { flags, places, open };
}

/** Names that exist, by what is asked for: an option, or an argument of a command. */
async function named(what: string, flags: PlaceFlags, io: CliIo): Promise<readonly string[]> {
  try {
    switch (what) {
      case 'connectors names':
      case 'connectors name':
        return await (await quickWorker(flags, io)).request<string[]>('GET', '/connectors');
      case 'loggers logger':
        return Object.keys(await (await quickWorker(flags, io)).request<object>('GET', '/admin/loggers'));
      case 'topics topic':
        return (await listTopics(await hubOf(flags, io))).map(({ name }) => name);
      case 'context context':
      case '--context':
        return (await readContexts(io.env)).contexts.map(({ name }) => name);
      case 'plugins class':
        return listPlugins().flatMap(({ className, aliases }) => [className, ...aliases]);
      case 'completion shell':
        return ['bash', 'zsh', 'fish'];
      default:
        return [];
    }
  } catch {
    // A worker that is not there, a hub that is none: a shell is told nothing, not an error.
    return [];
  }
}

function quickWorker(flags: PlaceFlags, io: CliIo): Promise<RestClient> {
  return workerOf(flags, { ...io, signal: AbortSignal.timeout(WAIT_MS) });
}
