import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findJava, maven, mavenProject, NEW_JVM, type JavaLaunch } from '../../runtime/app/demo/java-server.ts';
import { cachedFolder } from './cached-program.ts';

const run = promisify(execFile);
const SOURCES = fileURLToPath(new URL('elasticsearch/', import.meta.url));
export const ELASTICSEARCH_8 = '8.19.21';
const DISTRIBUTION = `elasticsearch-${ELASTICSEARCH_8}`;

/** What a client needs to get in. */
export interface SearchSecurity {
  /** PEM files: of the authority, and of a client whom it signed. */
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly username: string;
  readonly password: string;
}

const USER = 'admin';
const PASSWORD = 'secret-password';
/** As `elasticsearch-users` makes it. */
const HASH = '$2a$10$GJGbtDdB/cegi//v5qosUemGtYARbuAmQOax1KNTvVi6aa9FKhoOC';

/** The real distribution in the reduced form for integration tests: with security, without painless and most modules. */
export async function elasticsearch8(
  heapMb: number,
  secured: boolean,
): Promise<JavaLaunch & { security?: SearchSecurity }> {
  const java = await findJava(21);
  const folder = await cachedFolder(DISTRIBUTION, (draft) => fetchDistribution(draft, java));
  const home = await mkdtemp(join(tmpdir(), 'mr-es8-'));
  for (const name of ['config', 'modules', 'plugins'])
    await cp(join(folder, name), join(home, name), { recursive: true });
  const security = secured ? await secure(join(home, 'config')) : undefined;
  const natives = join(folder, 'lib', 'platform', `linux-${process.arch === 'arm64' ? 'aarch64' : 'x64'}`);
  const options = [
    ...NEW_JVM,
    `-Des.path.home=${home}`,
    `-Des.nativelibs.path=${natives}`,
    '-cp',
    `${join(folder, 'main')}:${join(folder, 'lib')}/*`,
    'Es8Node',
  ];
  return {
    java,
    home,
    heapMb,
    options,
    ...(security === undefined ? {} : { security, answers: (port: number) => answers(port, security) }),
  };
}

async function fetchDistribution(draft: string, java: string): Promise<void> {
  const project = join(draft, 'pom.xml');
  await writeFile(project, mavenProject([]));
  const zip = `org.elasticsearch.distribution.integ-test-zip:elasticsearch:${ELASTICSEARCH_8}:zip`;
  await maven(
    project,
    'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:get',
    `-Dartifact=${zip}`,
    '-Dtransitive=false',
  );
  const stored = join(homedir(), '.m2/repository/org/elasticsearch/distribution/integ-test-zip/elasticsearch');
  await run('unzip', ['-q', join(stored, ELASTICSEARCH_8, `${DISTRIBUTION}.zip`), '-d', draft]);
  const unpacked = join(draft, DISTRIBUTION);
  for (const name of ['lib', 'modules', 'config', 'plugins'])
    await cp(join(unpacked, name), join(draft, name), { recursive: true });
  await plainModules(join(draft, 'modules'));
  const lib = `${join(draft, 'lib')}/*`;
  const compile = (source: string, to: string): Promise<unknown> =>
    run(join(java, 'bin', 'javac'), ['-cp', lib, '-sourcepath', SOURCES, '-d', join(draft, to), join(SOURCES, source)]);
  await compile('Es8Node.java', 'main');
  await compile('Es8Shim.java', 'shim');
  const shim = join(draft, 'plugins', 'rest-shim');
  await mkdir(shim, { recursive: true });
  await run(join(java, 'bin', 'jar'), ['cf', join(shim, 'shim.jar'), '-C', join(draft, 'shim'), '.']);
  const facts = { name: 'rest-shim', description: 'x', version: ELASTICSEARCH_8, classname: 'Es8Shim' };
  const lines = { ...facts, 'elasticsearch.version': ELASTICSEARCH_8, 'java.version': '17' };
  const text = Object.entries(lines).map(([key, value]) => `${key}=${value}\n`);
  await writeFile(join(shim, 'plugin-descriptor.properties'), text.join(''));
}

/** The server comes from the class path here, so its modules cannot be Java modules. */
async function plainModules(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name, 'plugin-descriptor.properties');
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll(/^modulename=.*$/gm, ''));
  }
  const logging = [
    'appender.c.type=Console',
    'appender.c.name=c',
    'appender.c.layout.type=PatternLayout',
    'appender.c.layout.pattern=%d %p %c{1.} %m%n',
    'rootLogger.level=warn',
    'rootLogger.appenderRef.c.ref=c',
  ];
  const config = join(folder, '..', 'config');
  await writeFile(join(config, 'log4j2.properties'), `${logging.join('\n')}\n`);
  await writeFile(join(config, 'elasticsearch.yml'), 'xpack.security.enabled: false\n');
}

/** TLS with an authority of its own, which has to have signed the client too; one user. */
async function secure(config: string): Promise<SearchSecurity> {
  const at = (name: string): string => join(config, name);
  await certificates(config, ['server', 'client']);
  await writeFile(at('users'), `${USER}:${HASH}\n`);
  await writeFile(at('users_roles'), `superuser:${USER}\n`);
  const settings = [
    'xpack.security.enabled: true',
    'xpack.security.authc.api_key.enabled: true',
    'xpack.security.transport.ssl.enabled: false',
    'xpack.security.http.ssl.enabled: true',
    'xpack.security.http.ssl.key: server.key',
    'xpack.security.http.ssl.certificate: server.crt',
    'xpack.security.http.ssl.certificate_authorities: [ca.crt]',
    'xpack.security.http.ssl.client_authentication: required',
  ];
  await writeFile(at('elasticsearch.yml'), `${settings.join('\n')}\n`);
  const [caFile, certFile, keyFile] = [at('ca.crt'), at('client.crt'), at('client.key')];
  return { caFile, certFile, keyFile, username: USER, password: PASSWORD };
}

/** `ca.crt`, and a key and a certificate for each name, good for the loopback interface. */
export async function certificates(folder: string, names: readonly string[]): Promise<void> {
  const ssl = (...parts: readonly string[]): Promise<unknown> => run('openssl', parts, { cwd: folder });
  const fresh = ['-newkey', 'rsa:2048', '-nodes'];
  await ssl('req', '-x509', ...fresh, '-days', '30', '-subj', '/CN=test-ca', '-keyout', 'ca.key', '-out', 'ca.crt');
  await writeFile(join(folder, 'names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1');
  for (const name of names) {
    await ssl('req', ...fresh, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '30', '-extfile', 'names'];
    await ssl('x509', '-req', '-in', `${name}.csr`, ...signed, '-out', `${name}.crt`);
  }
}

async function answers(port: number, security: SearchSecurity): Promise<boolean> {
  const asked = await securedCall(`https://127.0.0.1:${port}`, security, 'GET', '/_cluster/health').catch(() => null);
  return asked?.status === 200;
}

/** A request as the user of a secured server. */
export async function securedCall(
  url: string,
  { caFile, certFile, keyFile, username, password }: SearchSecurity,
  method: string,
  path: string,
  body?: object,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const [ca, cert, key] = await Promise.all([caFile, certFile, keyFile].map((file) => readFile(file)));
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: unknown }>();
  const headers = { 'content-type': 'application/json' };
  const asked = request(
    `${url}${path}`,
    { method, ca, cert, key, auth: `${username}:${password}`, headers },
    (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => (text += part));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text === '' ? null : JSON.parse(text) }));
    },
  );
  asked.on('error', reject);
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}
