import { isBuiltin } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { CONTRACT_VERSION } from '../../connector/contract-version.ts';
import type { Files } from '../../env/env.ts';
import { errnoOf } from '../../env/errno.ts';
import { MillraceError } from '../../record/error.ts';

/** Where third-party connectors may come from. Crosses threads. */
export interface PluginPlaces {
  /** Absolute folders: packages are in them, or in their `node_modules`. */
  readonly folders: readonly string[];
  /** Whether `connector.class` may be the path of a package instead of its name. */
  readonly paths: boolean;
}

/** A package that declares itself a connector for millrace; none of its code has run. */
export interface PluginPackage {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
  /** Its module. */
  readonly entry: URL;
  /** Changes when the package is installed anew. */
  readonly state: string;
}

/** The part of a package.json that is read. */
interface Manifest {
  readonly name?: unknown;
  readonly version?: unknown;
  readonly main?: unknown;
  readonly exports?: unknown;
  readonly millrace?: { readonly contract?: unknown };
}

const NAME = /^((?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*)((?:\/[A-Za-z0-9._-]+)*)$/;
const CONDITIONS = ['node', 'import', 'default'];

/** Whether a `connector.class` could be the name or the path of a package. */
export function isPluginName(className: string): boolean {
  if (isPath(className)) return true;
  return NAME.test(className) && !isBuiltin(className) && !className.split('/').some((part) => part.startsWith('.'));
}

/**
 * Finds the package of a `connector.class`. null: there is none. Throws a `config` error where there
 * is one that is no connector, or one for another contract. Reads package.json only: code of a
 * package that does not declare itself is never run.
 */
export async function findPlugin(files: Files, className: string, places: PluginPlaces): Promise<PluginPackage | null> {
  if (isPath(className)) {
    if (!places.paths) throw refused(className);
    const folder = className.startsWith('file:') ? fileURLToPath(className) : className;
    const found = await readPackage(files, folder);
    return found === null ? null : describe(className, resolve(folder), '.', found);
  }
  const [, name, subpath = ''] = isPluginName(className) ? (NAME.exec(className) ?? []) : [];
  if (name === undefined) return null;
  for (const folder of places.folders.flatMap((one) => [join(one, 'node_modules', name), join(one, name)])) {
    const found = await readPackage(files, folder);
    if (found !== null) return describe(className, folder, `.${subpath}`, found);
  }
  return null;
}

function isPath(className: string): boolean {
  return className.startsWith('file:') || isAbsolute(className);
}

interface Found {
  readonly manifest: Manifest;
  readonly state: string;
}

async function readPackage(files: Files, folder: string): Promise<Found | null> {
  const path = join(folder, 'package.json');
  try {
    const { mtimeNs, ino } = await files.stat(path);
    const parsed: unknown = JSON.parse((await files.readFile(path)).toString());
    if (typeof parsed !== 'object' || parsed === null) throw new Error('not an object');
    return { manifest: parsed, state: `${folder}:${ino}:${mtimeNs}` };
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return null;
    throw new MillraceError('PLUGIN_UNREADABLE', `reading ${path}: ${String(error)}`, {
      kind: 'config',
      key: 'connector.class',
      remedy: 'Install the package again.',
      cause: error,
    });
  }
}

function describe(className: string, folder: string, subpath: string, { manifest, state }: Found): PluginPackage {
  const { name, version, millrace } = manifest;
  const contract = millrace?.contract;
  if (contract === undefined) throw undeclared(className, folder);
  if (contract !== CONTRACT_VERSION) throw otherContract(className, contract);
  const entry = entryOf(manifest, subpath);
  if (entry === null) throw withoutModule(className, folder, subpath);
  return {
    name: typeof name === 'string' ? name : className,
    version: typeof version === 'string' ? version : '0.0.0',
    folder,
    entry: pathToFileURL(join(folder, entry)),
    state,
  };
}

/** As Node finds it: `exports`, else `main`, else index.js; patterns in `exports` are not looked at. */
function entryOf({ exports, main }: Manifest, subpath: string): string | null {
  if (exports === undefined) return subpath !== '.' ? null : typeof main === 'string' ? main : 'index.js';
  const isMap =
    typeof exports === 'object' && exports !== null && Object.keys(exports).some((key) => key.startsWith('.'));
  if (isMap) return target((exports as Record<string, unknown>)[subpath]);
  return subpath === '.' ? target(exports) : null;
}

function target(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(target).find((one) => one !== null) ?? null;
  if (typeof value !== 'object' || value === null) return null;
  const chosen = Object.entries(value).find(([condition]) => CONDITIONS.includes(condition));
  return chosen === undefined ? null : target(chosen[1]);
}

function config(code: string, message: string, remedy: string): MillraceError {
  return new MillraceError(code, message, { kind: 'config', key: 'connector.class', remedy });
}

function refused(className: string): MillraceError {
  return config(
    'PLUGIN_PATH_REFUSED',
    `connector.class is a path (${className}), and this worker runs connectors by the name of their package only`,
    'Name a package in a folder of plugin.path, or set millrace.plugin.paths.enable=true for the worker.',
  );
}

function undeclared(className: string, folder: string): MillraceError {
  return config(
    'PLUGIN_UNDECLARED',
    `${className} (${folder}) is a package, but no connector for millrace: its package.json does not say "millrace": {"contract": ${CONTRACT_VERSION}}`,
    'Name a package that is a connector; its author declares it as docs/writing-a-connector.md says.',
  );
}

function otherContract(className: string, contract: unknown): MillraceError {
  const newer = typeof contract === 'number' && contract > CONTRACT_VERSION;
  return config(
    'PLUGIN_CONTRACT',
    `${className} is written for contract ${JSON.stringify(contract)}; this worker has contract ${CONTRACT_VERSION}`,
    newer
      ? 'Upgrade millrace, or install an older version of the connector.'
      : `Install a version of the connector for contract ${CONTRACT_VERSION}.`,
  );
}

function withoutModule(className: string, folder: string, subpath: string): MillraceError {
  return config(
    'PLUGIN_WITHOUT_MODULE',
    `the package.json in ${folder} exports no module for ${className} ("${subpath}" in "exports")`,
    'Name one of the modules it exports.',
  );
}
