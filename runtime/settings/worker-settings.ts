import { ALLOWED_ROOTS, relativeRoots } from '../connector/allowed-files.ts';
import { inertKeys } from '../connector/inert-options.ts';
import {
  checkOptions,
  declared,
  invalidOptions,
  type OptionError,
  type RawConfig,
  unknownOption,
  unknownOptions,
} from '../connector/options.ts';
import { errnoOf } from '../env/errno.ts';
import type { Env } from '../env/env.ts';
import { MillraceError } from '../record/error.ts';
import { messageOf } from '../record/thrown.ts';
import { parseProperties } from './properties.ts';
import { parseResponseHeaders, RESPONSE_HEADERS_KEY, type ResponseHeader } from './response-headers.ts';
import { workerOptions, type WorkerOptions } from './worker-options.ts';

/** The worker's configuration, checked. */
export interface WorkerSettings {
  readonly options: WorkerOptions;
  /** As written, and the defaults of what was not: what tasks are given. */
  readonly effective: RawConfig;
  /** Where REST listens. */
  readonly listeners: readonly Listener[];
  /** Where `/admin/*` is served instead, empty: nowhere; null: where REST listens. */
  readonly adminListeners: readonly Listener[] | null;
  readonly responseHeaders: readonly ResponseHeader[];
  /** Keys that mean nothing here, to be named in the log. */
  readonly ignored: readonly string[];
}

export interface Listener {
  readonly protocol: 'http' | 'https';
  readonly host: string;
  readonly port: number;
}

/** Reads a worker's configuration file: JSON if it starts with a brace, else `.properties`. */
export async function readWorkerConfig(env: Env, path: string): Promise<RawConfig> {
  let text: string;
  try {
    text = (await env.files.readFile(path)).toString('utf8');
  } catch (error) {
    throw new MillraceError('SETTINGS_UNREADABLE', `reading the worker configuration ${path}: ${reason(error)}`, {
      kind: 'config',
      remedy: 'Give the path of a readable JSON or .properties file.',
      cause: error,
    });
  }
  return text.trimStart().startsWith('{') ? flatJson(path, text) : parseProperties(text);
}

function reason(error: unknown): string {
  return errnoOf(error) === 'ENOENT' ? 'there is no such file' : messageOf(error);
}

/** A flat JSON object whose values are texts, numbers or booleans. */
function flatJson(path: string, text: string): RawConfig {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new MillraceError('SETTINGS_JSON_MALFORMED', `${path} is not JSON: ${reason(error)}`, {
      kind: 'config',
      remedy: 'Correct the file.',
      cause: error,
    });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new MillraceError('SETTINGS_JSON_MALFORMED', `${path} must hold one JSON object`, {
      kind: 'config',
      remedy: 'Write {"key": "value", …}, or a .properties file.',
    });
  }
  const flat: Record<string, string> = {};
  for (const [key, value] of Object.entries(parsed)) {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      throw new MillraceError(
        'SETTINGS_JSON_MALFORMED',
        `${path}: the value of ${key} must be a text, number or boolean`,
        {
          kind: 'config',
          key,
          remedy: `Write ${key} as a text.`,
        },
      );
    }
    flat[key] = String(value);
  }
  return flat;
}

/** Checks a worker's configuration; throws `CONFIG_INVALID` naming every wrong key. */
export function workerSettings(raw: RawConfig): WorkerSettings {
  const { options, errors } = checkOptions(workerOptions, raw);
  const unknown = unknownOptions([workerOptions], raw);
  const misspelt = unknown.filter(({ key, meant }) => meant !== undefined || key.startsWith('millrace.'));
  const wrong = (key: string): boolean => errors.some((error) => error.key === key);
  const listeners = wrong('listeners') ? [] : parseListeners('listeners', options.listeners);
  const admin = adminListeners(options['admin.listeners'], listeners);
  const headers = wrong(RESPONSE_HEADERS_KEY) ? [] : parseResponseHeaders(options[RESPONSE_HEADERS_KEY]);
  const parsed = [...listeners, ...(admin ?? []), ...headers];
  const roots = relativeRoots(options[ALLOWED_ROOTS]);
  const all: OptionError[] = [
    ...errors,
    ...roots,
    ...misspelt.map(unknownOption),
    ...parsed.filter((one) => 'reason' in one),
  ];
  if (all.length > 0) throw invalidOptions('the worker', all);
  return {
    options,
    effective: { ...defaults(), ...raw },
    listeners: listeners.filter((one) => 'host' in one),
    adminListeners: admin?.filter((one) => 'host' in one) ?? null,
    responseHeaders: headers.filter((one) => 'action' in one),
    ignored: [...unknown.map(({ key }) => key), ...inertKeys([workerOptions], raw)],
  };
}

/** The declared defaults, as texts. */
function defaults(): RawConfig {
  const texts = Object.entries(workerOptions.schema.properties).flatMap(([key, schema]) => {
    const fallback = declared(schema).default;
    return fallback === undefined ? [] : [[key, Array.isArray(fallback) ? fallback.join(',') : String(fallback)]];
  });
  return Object.fromEntries(texts) as RawConfig;
}

/** One address cannot be both. */
function adminListeners(
  texts: readonly string[] | undefined,
  listeners: readonly (Listener | OptionError)[],
): (Listener | OptionError)[] | null {
  if (texts === undefined) return null;
  return parseListeners('admin.listeners', texts).map((one) => {
    if ('reason' in one || one.port === 0) return one;
    const same = listeners.some((other) => 'host' in other && other.host === one.host && other.port === one.port);
    const { host, port } = one;
    return same ? badListener('admin.listeners', `${host}:${port}`, 'it is one of listeners already') : one;
  });
}

function parseListeners(key: string, texts: readonly string[]): (Listener | OptionError)[] {
  return texts.map((text) => {
    const match = /^(?:(https?):\/\/)?(\[[0-9a-fA-F:]+\]|[^:/\s]*):(\d{1,5})\/?$/i.exec(text);
    const port = Number(match?.[3]);
    if (match !== null && port <= 65535) {
      const protocol = match[1]?.toLowerCase() === 'https' ? 'https' : 'http';
      return { protocol, host: (match[2] ?? '').replace(/^\[|\]$/g, '') || '0.0.0.0', port };
    }
    return badListener(key, text, 'must be http://host:port or https://host:port');
  });
}

function badListener(key: string, text: string, problem: string): OptionError {
  return {
    key,
    message: `Invalid value ${text} for configuration ${key}: ${problem}`,
    reason: 'invalid',
    remedy: 'Write a listener as http://127.0.0.1:8083.',
  };
}
