import { execFile } from 'node:child_process';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cachedProgram } from './cached-program.ts';

const run = promisify(execFile);

/** Prometheus's own checker of rules and metrics. */
export interface Promtool {
  readonly program: string;
}

/** Why there is none here. */
export interface NoPromtool {
  readonly missing: string;
}

/**
 * Finds promtool: `PROMTOOL` if set, otherwise the one on the PATH, otherwise out of Debian's package
 * `prometheus`, which is unpacked below `.cache/servers` and not installed: no server of it is started, and no
 * rights are needed. With `CI` set a missing one is an error.
 */
export async function findPromtool(): Promise<Promtool | NoPromtool> {
  const named = process.env['PROMTOOL'];
  const reasons: string[] = [];
  for (const find of named === undefined ? [onPath, fromDebian] : [() => Promise.resolve(named)]) {
    try {
      const program = await find();
      await run(program, ['--version']);
      return { program };
    } catch (error) {
      reasons.push(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
    }
  }
  const missing = `no promtool could be had: ${reasons.join('; ')}`;
  if (process.env['CI'] !== undefined) throw new Error(missing);
  return { missing };
}

function onPath(): Promise<string> {
  return Promise.resolve('promtool');
}

function fromDebian(): Promise<string> {
  return cachedProgram('promtool-debian', 'promtool', async (folder) => {
    await download(folder);
    const [archive] = (await readdir(folder)).filter((name) => name.endsWith('.deb'));
    if (archive === undefined) throw new Error('apt-get download left no package');
    const unpacked = join(folder, 'unpacked');
    await run('dpkg-deb', ['-x', join(folder, archive), unpacked]);
    await rename(join(unpacked, 'usr/bin/promtool'), join(folder, 'promtool'));
    await rm(unpacked, { recursive: true });
    await rm(join(folder, archive));
  });
}

/** A new machine does not know its packages yet. */
async function download(folder: string): Promise<void> {
  const get = (): Promise<unknown> => run('apt-get', ['download', '-q', 'prometheus'], { cwd: folder });
  try {
    await get();
  } catch {
    await run('apt-get', ['update', '-q']);
    await get();
  }
}
