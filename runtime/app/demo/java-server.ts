import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { open, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const READY_MS = 90_000;
/** What search servers of today want of a JVM newer than 17. */
export const NEW_JVM = ['--add-modules=jdk.incubator.vector', '--enable-native-access=ALL-UNNAMED'];

/** A server in a JVM. */
export interface JavaServer {
  readonly url: string;
  readonly pid: number | undefined;
  /** Ends it and removes its folder. Idempotent. */
  stop(): Promise<void>;
}

export interface JavaLaunch {
  /** Of a JDK. */
  readonly java: string;
  /** The server's own; removed when it ends. */
  readonly home: string;
  readonly heapMb: number;
  /** The class path and the main class, and what the JVM needs. */
  readonly options: readonly string[];
  /** In a process group of its own: a Ctrl-C does not reach it. */
  readonly apart?: boolean;
  /** Where it listened before; absent: a free port. */
  readonly port?: number;
  /** Whether it answers at a port; absent: it says how it is over HTTP. */
  readonly answers?: (port: number) => Promise<boolean>;
}

/** Starts a search server on a free port of the loopback interface, told as `http.port`, and waits until it answers. */
export async function launchJava({
  java,
  home,
  heapMb,
  options,
  apart = false,
  port,
  answers,
}: JavaLaunch): Promise<JavaServer> {
  const [http, transport] = [port ?? (await freePort()), await freePort()];
  const log = await open(join(home, 'server.log'), 'a');
  const heap = [`-Xms${heapMb}m`, `-Xmx${heapMb}m`, '-XX:+UseSerialGC'];
  const ports = [`-Dhttp.port=${http}`, `-Dtransport.port=${transport}`];
  const child = spawn(join(java, 'bin', 'java'), [...heap, ...ports, ...options], {
    stdio: ['ignore', log.fd, log.fd],
    cwd: home,
    detached: apart,
  });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
  await log.close();
  const url = `http${answers === undefined ? '' : 's'}://127.0.0.1:${http}`;
  await untilReady(child, home, () => (answers === undefined ? isHealthy(url) : answers(http)));
  return { url, pid: child.pid, stop: () => stop(child, home) };
}

function isHealthy(url: string): Promise<boolean> {
  return fetch(`${url}/_cluster/health`).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function untilReady(child: ChildProcess, home: string, answers: () => Promise<boolean>): Promise<void> {
  let failed: Error | null = null;
  child.on('error', (error) => (failed = error));
  for (let waitedMs = 0; waitedMs < READY_MS; waitedMs += 200) {
    if (await answers()) return;
    if (child.exitCode !== null || failed !== null) break;
    await sleep(200);
  }
  const log = (await readFile(join(home, 'server.log'), 'utf8').catch(() => '')).trim().slice(-500);
  await stop(child, home);
  throw failed ?? new Error(`the server was not ready (exit code ${child.exitCode}): ${log.replaceAll('\n', ' | ')}`);
}

async function stop(child: ChildProcess, home: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }
  await rm(home, { recursive: true, force: true });
}

/** A JDK: `JAVA25_HOME`, `JAVA_HOME`, one of the usual places, or that of the `java` on the path. 17: that very one, which older servers need. */
export async function findJava(atLeast: number): Promise<string> {
  const places = await readdir('/usr/lib/jvm').catch(() => []);
  const candidates = [
    process.env['JAVA25_HOME'],
    process.env['JAVA_HOME'],
    ...places.map((of) => join('/usr/lib/jvm', of)),
  ];
  for (const home of candidates) {
    if (home !== undefined && (await fits(home, atLeast))) return home;
  }
  const home = await homeOnPath();
  if (home !== undefined && (await fits(home, atLeast))) return home;
  throw new Error(`no JDK of version ${atLeast}${atLeast === 17 ? '' : ' or later: set JAVA_HOME'}`);
}

async function fits(home: string, atLeast: number): Promise<boolean> {
  const release = await readFile(join(home, 'release'), 'utf8').catch(() => '');
  const version = Number(/JAVA_VERSION="(\d+)/.exec(release)?.[1] ?? 0);
  return version >= atLeast && version <= (atLeast === 17 ? 17 : 99);
}

async function homeOnPath(): Promise<string | undefined> {
  const shown = await run('java', ['-XshowSettings:properties', '-version']).catch(() => null);
  return shown === null ? undefined : /java\.home = (.+)/.exec(shown.stderr)?.[1]?.trim();
}

/** A project file that names jars as dependencies: `group:artifact:version`. */
export function mavenProject(coordinates: readonly string[]): string {
  const dependencies = coordinates.map((of) => {
    const [group, artifact, version] = of.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project><modelVersion>4.0.0</modelVersion><groupId>t</groupId><artifactId>t</artifactId><version>1</version>
<packaging>pom</packaging><dependencies>${dependencies.join('')}</dependencies></project>`;
}

/** Runs Maven for a project file, in its folder. Throws one line that says why it did not work. */
export async function maven(project: string, goal: string, ...settings: readonly string[]): Promise<void> {
  try {
    await run('mvn', ['-q', '-B', '-f', project, goal, ...settings], { cwd: dirname(project) });
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw missing ? new Error('mvn is not installed', { cause: error }) : error;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
