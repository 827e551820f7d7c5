import { basename, extname, join } from 'node:path';
import { errnoOf } from '../env/errno.ts';
import { realEnv } from '../env/real.ts';
import { MillraceError } from '../record/error.ts';
import { messageOf } from '../record/thrown.ts';
import { parseProperties } from '../settings/properties.ts';

/** A connector's configuration in a file. */
export interface ConnectorFile {
  readonly path: string;
  readonly name: string;
  readonly config: Record<string, string>;
}

/**
 * Reads connector files, and those of directories (`*.json`, `*.properties`, by name): either
 * `{"name": …, "config": {…}}` or the configuration alone. Every error of every file at once.
 */
export async function readConnectorFiles(paths: readonly string[]): Promise<readonly ConnectorFile[]> {
  const problems: string[] = [];
  const files: ConnectorFile[] = [];
  for (const path of await expand(paths, problems)) {
    try {
      files.push(parseConnectorFile(path, await readText(path)));
    } catch (error) {
      problems.push(`${path}: ${messageOf(error)}`);
    }
  }
  const names = Map.groupBy(files, ({ name }) => name);
  for (const [name, same] of names) {
    if (same.length > 1) problems.push(`${same.map(({ path }) => path).join(' and ')} both name the connector ${name}`);
  }
  if (problems.length === 0) return files;
  throw new MillraceError('CONFIG_FILE_INVALID', problems.join('\n'), {
    kind: 'config',
    remedy: 'Correct these files.',
  });
}

async function expand(paths: readonly string[], problems: string[]): Promise<readonly string[]> {
  const files: string[] = [];
  for (const path of paths) {
    if (!(await isDirectory(path))) {
      files.push(path);
      continue;
    }
    const entries = await realEnv.files.readdir(path);
    const found = entries.filter((entry) => entry.isFile() && /\.(?:json|properties)$/.test(entry.name));
    if (found.length === 0) problems.push(`${path}: the directory holds no *.json or *.properties`);
    files.push(...found.map(({ name }) => join(path, name)).toSorted());
  }
  return files;
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await realEnv.files.stat(path)).isDirectory();
  } catch {
    return false;
  }
}

async function readText(path: string): Promise<string> {
  try {
    return (await realEnv.files.readFile(path)).toString('utf8');
  } catch (error) {
    const missing = errnoOf(error) === 'ENOENT';
    throw missing ? new Error('there is no such file') : error;
  }
}

export function parseConnectorFile(path: string, text: string): ConnectorFile {
  const fields = text.trimStart().startsWith('{') ? parseObject(text) : parseProperties(text);
  const wrapped = typeof fields['config'] === 'object' && fields['config'] !== null;
  const config = texts(wrapped ? (fields['config'] as Record<string, unknown>) : fields);
  const name = wrapped ? fields['name'] : config['name'];
  const known = typeof name === 'string' && name !== '' ? name : basename(path, extname(path));
  if (config['connector.class'] === undefined)
    throw new Error('connector.class is missing: not a connector configuration');
  return { path, name: known, config };
}

function parseObject(text: string): Record<string, unknown> {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  throw new Error('not a JSON object');
}

function texts(fields: Record<string, unknown>): Record<string, string> {
  const entries = Object.entries(fields).map(([key, value]): [string, string] => {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      return [key, String(value)];
    throw new Error(`the value of ${key} must be a text, number or boolean`);
  });
  return Object.fromEntries(entries);
}

/** Whether a file configures a connector rather than a worker. */
export async function isConnectorPath(path: string): Promise<boolean> {
  if (await isDirectory(path)) return true;
  try {
    parseConnectorFile(path, await readText(path));
    return true;
  } catch {
    return false;
  }
}
