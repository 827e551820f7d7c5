import { join } from 'node:path';
import { errnoOf } from '../env/errno.ts';
import { realEnv } from '../env/real.ts';
import { MillraceError } from '../record/error.ts';
import { messageOf } from '../record/thrown.ts';
import { writePrivateFile } from '../settings/token-file.ts';
import { notFound } from './not-found.ts';

/** A worker the command line can be told of by name. */
export interface Context {
  readonly name: string;
  /** Where its REST listens. */
  readonly url: string;
  /** Directory of its hub, where this machine has it. */
  readonly hub?: string;
  /** Bearer token for it. */
  readonly token?: string;
  /** PEM file of the authority that signed its certificate. */
  readonly ca?: string;
}

export interface Contexts {
  /** Name of the one that commands use where none is said; null: none. */
  readonly current: string | null;
  readonly contexts: readonly Context[];
}

type Variables = Readonly<Record<string, string | undefined>>;

const EMPTY: Contexts = { current: null, contexts: [] };

/** `contexts.json` in the user's configuration directory: XDG's, or that of Windows. */
export function contextsPath(variables: Variables): string {
  const own = variables['XDG_CONFIG_HOME'] ?? variables['APPDATA'];
  const home = variables['HOME'] ?? variables['USERPROFILE'] ?? '.';
  const base = own === undefined || own === '' ? join(home, '.config') : own;
  return join(base, 'millrace', 'contexts.json');
}

/** Nothing, where there is no file yet. */
export async function readContexts(variables: Variables): Promise<Contexts> {
  const path = contextsPath(variables);
  let text: string;
  try {
    text = (await realEnv.files.readFile(path)).toString('utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return EMPTY;
    throw unreadable(path, error);
  }
  try {
    return parse(JSON.parse(text));
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Replaces the file at once: a reader sees the old one or the new one. Only its owner may read it: it may hold tokens. */
export async function writeContexts(variables: Variables, contexts: Contexts): Promise<void> {
  await writePrivateFile(realEnv, contextsPath(variables), `${JSON.stringify(contexts, null, 2)}\n`);
}

/** By name, `CONTEXT_NOT_FOUND`. */
export function namedContext({ contexts }: Contexts, name: string): Context {
  const found = contexts.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = contexts.map((one) => one.name);
  throw notFound('CONTEXT_NOT_FOUND', 'context', name, names, 'millrace context list');
}

function parse(value: unknown): Contexts {
  const { current, contexts } = fieldsOf(value);
  if (!Array.isArray(contexts)) throw new Error('contexts is no list');
  return { current: typeof current === 'string' ? current : null, contexts: contexts.map(parseContext) };
}

function parseContext(value: unknown): Context {
  const { name, url, hub, token, ca } = fieldsOf(value);
  if (typeof name !== 'string' || typeof url !== 'string') throw new Error('a context needs name and url');
  return {
    name,
    url,
    ...(typeof hub === 'string' ? { hub } : {}),
    ...(typeof token === 'string' ? { token } : {}),
    ...(typeof ca === 'string' ? { ca } : {}),
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Error('not a JSON object');
}

function unreadable(path: string, error: unknown): MillraceError {
  const problem = messageOf(error);
  return new MillraceError('CONTEXT_UNREADABLE', `reading ${path}: ${problem}`, {
    kind: 'config',
    remedy: 'Correct or remove this file.',
    cause: error,
  });
}
