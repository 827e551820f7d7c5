import { resolve as resolvePath, sep } from 'node:path';
import { RE2JS } from 're2js';
import { isBelow } from '../connector/allowed-files.ts';
import { listedNames, type RawConfig } from '../connector/options.ts';
import { isSealed } from '../connector/secrets.ts';
import { errnoOf } from '../env/errno.ts';
import type { Env } from '../env/env.ts';
import { MillraceError } from '../record/error.ts';
import { parseProperties } from './properties.ts';

type Kind = 'env' | 'file' | 'dir';

/** What a config provider may hand out. */
interface Provider {
  readonly kind: Kind;
  /** For files and directories: below one of these; null: anywhere. */
  readonly allowedPaths: readonly string[] | null;
  /** For the environment: names that match as a whole; null: all. */
  readonly allowedNames: RE2JS | null;
}

const KINDS: Readonly<Record<string, Kind>> = {
  EnvVarConfigProvider: 'env',
  FileConfigProvider: 'file',
  DirectoryConfigProvider: 'dir',
};

const VARIABLE = /\$\{([^}:]*):(?:([^}]*?):)?([^}:]+)\}/g;

/**
 * Resolves `${provider:[path:]key}` in configuration values, as Kafka's config providers do:
 * `${env:NAME}`, `${file:/path/to.properties:key}`, `${dir:/path:file}`. These three are there under
 * their own names; `config.providers` gives them others, or limits them by
 * `config.providers.<name>.param.allowed.paths` and `….param.allowlist.pattern`.
 * Resolved values are handed to tasks and never stored (I9).
 */
export class ConfigProviders {
  readonly #env: Env;
  readonly #variables: Readonly<Record<string, string | undefined>>;
  readonly #providers: ReadonlyMap<string, Provider>;
  readonly #reader: string;

  /**
   * Throws a `config` error where the worker's configuration names a provider that does not exist.
   * `reader`: the program that resolves, as errors name it.
   */
  constructor(
    env: Env,
    variables: Readonly<Record<string, string | undefined>>,
    worker: RawConfig = {},
    reader = 'the worker',
  ) {
    this.#env = env;
    this.#reader = reader;
    this.#variables = variables;
    const names = new Set(['env', 'file', 'dir', ...listedNames(worker['config.providers'])]);
    this.#providers = new Map([...names].map((name) => [name, declaredProvider(name, worker)]));
  }

  /** All values with their variables replaced. Names of unknown providers stay as they are, as in Kafka. */
  async resolve(config: RawConfig): Promise<RawConfig> {
    return (await this.substitute(config)).config;
  }

  /** As {@link resolve}; `values`: what the variables stand for. */
  async substitute(config: RawConfig): Promise<{ readonly config: RawConfig; readonly values: readonly string[] }> {
    const resolved: Record<string, string> = {};
    const values: string[] = [];
    for (const [key, value] of Object.entries(config)) {
      if (isSealed(value)) throw sealedError(key);
      resolved[key] = value.includes('${') ? await this.#replace(key, value, values) : value;
    }
    return { config: resolved, values };
  }

  async #replace(option: string, text: string, values: string[]): Promise<string> {
    let replaced = '';
    let at = 0;
    for (const match of text.matchAll(VARIABLE)) {
      const [whole, name = '', path = '', key = ''] = match;
      const provider = this.#providers.get(name);
      if (provider === undefined) continue;
      const value = await this.#value(option, provider, whole, path, key);
      values.push(value);
      replaced += text.slice(at, match.index) + value;
      at = match.index + whole.length;
    }
    return replaced + text.slice(at);
  }

  async #value(option: string, provider: Provider, whole: string, path: string, key: string): Promise<string> {
    let value: string | undefined;
    let cause: unknown;
    const allowed = await this.#isAllowed(provider, path, key);
    try {
      if (allowed) value = await this.#read(provider, path, key);
    } catch (error) {
      cause = error;
    }
    if (value !== undefined) return value;
    const { problem, remedy } = unresolved(provider, path, key, allowed, cause, this.#reader);
    throw new MillraceError(
      'CONFIG_VARIABLE_UNRESOLVED',
      `${option}: ${whole} names nothing that ${this.#reader} can read: ${problem}`,
      {
        kind: 'config',
        key: option,
        remedy: `${remedy}, or change ${option}.`,
        cause,
      },
    );
  }

  async #read(provider: Provider, path: string, key: string): Promise<string | undefined> {
    switch (provider.kind) {
      case 'env':
        return provider.allowedNames?.matches(key) === false ? undefined : this.#variables[key];
      case 'file':
        return parseProperties(await this.#text(path))[key];
      case 'dir':
        return isFileName(key) ? this.#text(`${path}${sep}${key}`) : undefined;
    }
  }

  /** Where the path leads, links followed; what cannot be looked at is not allowed. */
  async #isAllowed({ kind, allowedPaths }: Provider, path: string, key: string): Promise<boolean> {
    if (kind === 'env') return true;
    if (path === '') return false;
    if (allowedPaths === null) return true;
    const file = kind === 'dir' && isFileName(key) ? `${path}${sep}${key}` : path;
    return isBelow(this.#env, file, allowedPaths).catch(() => false);
  }

  async #text(path: string): Promise<string> {
    return (await this.#env.files.readFile(path)).toString('utf8');
  }
}

/** What is amiss and what to do; names files and keys, never a value (I9). */
function unresolved(
  provider: Provider,
  path: string,
  key: string,
  allowed: boolean,
  cause: unknown,
  reader: string,
): { readonly problem: string; readonly remedy: string } {
  if (provider.kind === 'env') {
    const denied = provider.allowedNames?.matches(key) === false;
    if (denied)
      return { problem: `allowlist.pattern does not match ${key}`, remedy: `Allow ${key} in allowlist.pattern` };
    return { problem: `there is no variable ${key}`, remedy: `Start ${reader} with ${key} in its environment` };
  }
  if (path === '') return { problem: 'it names no path', remedy: `Write \${${provider.kind}:/path:${key}}` };
  if (!allowed) {
    return {
      problem: `${path} is not below allowed.paths, or leads out of them`,
      remedy: `Move ${path} below one of allowed.paths`,
    };
  }
  const file = provider.kind === 'dir' ? `${path}${sep}${key}` : path;
  if (cause === undefined) {
    if (provider.kind === 'dir') return { problem: `${key} is no name of a file`, remedy: `Name a file in ${path}` };
    return { problem: `${file} has no key ${key}`, remedy: `Add ${key}=… to ${file}` };
  }
  const code = errnoOf(cause) ?? 'malformed';
  const problem = code === 'ENOENT' ? `there is no file ${file}` : `${file} cannot be read (${code})`;
  return { problem, remedy: `Make ${file} a file that ${reader} can read` };
}

function sealedError(option: string): MillraceError {
  return new MillraceError('CONFIG_SEALED', `${option}: its value is encrypted with a key this worker does not have`, {
    kind: 'config',
    key: option,
    remedy: `Add the key to the file of millrace.config.secret.file and start the worker again, or set ${option} anew.`,
  });
}

function declaredProvider(name: string, worker: RawConfig): Provider {
  const prefix = `config.providers.${name}`;
  const className = worker[`${prefix}.class`];
  const builtIn = name === 'env' || name === 'file' || name === 'dir' ? name : undefined;
  const kind = className === undefined ? builtIn : KINDS[className.slice(className.lastIndexOf('.') + 1)];
  if (kind === undefined) {
    throw new MillraceError(
      'CONFIG_PROVIDER_UNKNOWN',
      `${prefix}.class: there is no config provider ${className ?? '(missing)'}`,
      {
        kind: 'config',
        key: `${prefix}.class`,
        remedy: `Use one of ${Object.keys(KINDS).join(', ')}.`,
      },
    );
  }
  const paths = worker[`${prefix}.param.allowed.paths`]?.trim() ?? '';
  const pattern = worker[`${prefix}.param.allowlist.pattern`]?.trim() ?? '';
  return {
    kind,
    allowedPaths: paths === '' ? null : paths.split(',').map((path) => resolvePath(path.trim())),
    allowedNames: pattern === '' ? null : RE2JS.compile(pattern),
  };
}

function isFileName(key: string): boolean {
  return !/[/\\]/.test(key);
}

/**
 * Puts variables back into a configuration derived from a resolved one: what is stored and shown must not hold
 * secrets (I9). A key that was written with a variable keeps it, also where its value was divided among tasks;
 * `hide` sees what the derivation added.
 */
export function unresolve(
  derived: RawConfig,
  raw: RawConfig,
  resolved: RawConfig,
  hide: (text: string) => string = (text) => text,
): RawConfig {
  const stored: Record<string, string> = {};
  for (const [key, value] of Object.entries(derived)) {
    const original = raw[key];
    if (original === undefined) stored[key] = hide(value);
    else stored[key] = resolved[key] === original ? value : original;
  }
  return stored;
}
