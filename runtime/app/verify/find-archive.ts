import { join, resolve } from 'node:path';
import { archivedFiles } from '../../../connectors/s3/archived-files.ts';
import { filesBelow } from '../../../connectors/s3/store/files-below.ts';
import type { RawConfig } from '../../connector/options.ts';
import type { Env } from '../../env/env.ts';
import { MillraceError } from '../../record/error.ts';
import { loadConnector } from '../plugins/built-in-catalog.ts';
import type { Archive } from './archive-copy.ts';

export interface FindArchiveOptions {
  /** A sink connector, or a folder. */
  readonly named: string;
  /** Configurations of the hub's connectors, by name. */
  readonly connectors: ReadonlyMap<string, RawConfig>;
  readonly resolve: (config: RawConfig) => Promise<RawConfig>;
  readonly env: Env;
  readonly signal: AbortSignal;
  /** A folder of the caller's for what is fetched from a bucket. */
  readonly temporary: string;
  /** The program that reads, as errors name it. */
  readonly reader: string;
}

/** How deep below a named folder that of a topic may be. */
const DEPTH = 4;

/** The archive that `--archive` names: that of a sink connector, otherwise a folder. */
export async function findArchive(options: FindArchiveOptions): Promise<Archive> {
  const { named, connectors, env } = options;
  const stored = connectors.get(named);
  if (stored !== undefined) return sinkArchive(options, named, await options.resolve(stored));
  const folder = resolve(named);
  if (!(await isFolder(folder, env))) {
    throw new MillraceError('VERIFY_UNKNOWN_ARCHIVE', `${named} is neither a connector of this hub nor a folder`, {
      kind: 'missing',
      key: '--archive',
      remedy: `Name a sink (the hub has: ${[...connectors.keys()].join(', ')}) or the folder of an archive.`,
    });
  }
  return { name: named, files: (topic) => filesOfTopic(folder, topic, env) };
}

async function sinkArchive(options: FindArchiveOptions, name: string, config: RawConfig): Promise<Archive> {
  const { env, signal, temporary, reader } = options;
  const connector = await loadConnector(config['connector.class'] ?? '');
  if (connector.kind !== 'sink' || connector.className !== 's3') {
    throw new MillraceError('VERIFY_NO_ARCHIVE', `connector ${name} keeps no archive of files`, {
      kind: 'config',
      key: '--archive',
      remedy: 'Name an S3 sink, or the folder of an archive.',
    });
  }
  return {
    name,
    sink: { name, config },
    async files(topic) {
      const folder = join(temporary, encodeURIComponent(`${name}/${topic}`));
      await env.files.mkdir(folder);
      return archivedFiles({ config, topic, env, signal, folder, reader });
    },
  };
}

async function isFolder(path: string, env: Env): Promise<boolean> {
  try {
    return (await env.files.stat(path)).isDirectory();
  } catch {
    return false;
  }
}

/** Files of the one folder named like the topic, wherever below. */
async function filesOfTopic(folder: string, topic: string, env: Env): Promise<readonly string[]> {
  const [first, second] = await foldersNamed(folder, topic, DEPTH, env);
  if (first === undefined) return [];
  if (second === undefined) return filesBelow(first, env);
  throw new MillraceError('VERIFY_ARCHIVE_MIXED', `${first} and ${second} both are of topic ${topic}`, {
    kind: 'config',
    key: '--archive',
    remedy: 'Name the folder of one archive.',
  });
}

async function foldersNamed(folder: string, name: string, depth: number, env: Env): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await env.files.readdir(folder)) {
    if (!entry.isDirectory() || entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.name === name) found.push(path);
    else if (depth > 1) found.push(...(await foldersNamed(path, name, depth - 1, env)));
  }
  return found;
}
