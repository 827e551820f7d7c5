import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findJava, maven, mavenProject } from '../../runtime/app/demo/java-server.ts';
import { freePort } from './free-port.ts';
import { cachedFolder } from './cached-program.ts';

const KAFKA = '4.3.1';
const LOG4J = '2.24.3';
export const DEBEZIUM = '3.6.1.Final';
const READY_MS = 90_000;

/** A Kafka broker and a Kafka Connect worker with Debezium's MySQL connector, each in a JVM. */
export interface DebeziumServer {
  readonly broker: string;
  /** Process of the Connect worker. */
  readonly connectPid: number;
  readonly brokerPid: number;
  /** Creates a connector; the host and port of Kafka in its configuration are replaced. */
  create(name: string, config: Readonly<Record<string, string>>): Promise<void>;
  remove(name: string): Promise<void>;
  /** Stops a connector, sets the offset of its only source partition, and has it go on. */
  rewind(name: string, partition: object, offset: object): Promise<void>;
  /** What the connector's task says of itself. */
  state(name: string): Promise<string>;
  /** Ends both and removes their data. Idempotent. */
  stop(): Promise<void>;
}

export interface DebeziumOptions {
  readonly connectHeapMb?: number;
  /** Further lines of the worker's properties. */
  readonly worker?: Readonly<Record<string, string>>;
}

/** Starts both on free ports of the loopback interface, from jars that Maven resolves. Throws where there is no Maven or no JDK. */
export async function startDebezium({
  connectHeapMb = 1024,
  worker = {},
}: DebeziumOptions = {}): Promise<DebeziumServer> {
  const java = join(await findJava(17), 'bin', 'java');
  const jars = await cachedFolder(`debezium-mysql-${DEBEZIUM}`, fetchJars);
  const home = await mkdtemp(join(tmpdir(), 'mr-debezium-'));
  const running: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(running.splice(0).map(end));
    await rm(home, { recursive: true, force: true });
  };
  const launch = async (heapMb: number, name: string, ...main: readonly string[]): Promise<ChildProcess> => {
    const log = await open(join(home, `${name}.log`), 'a');
    const heap = ['-Xms256m', `-Xmx${heapMb}m`, '-XX:+UseG1GC'];
    const child = spawn(java, [...heap, '-cp', `${join(jars, 'kafka')}/*`, ...main], {
      stdio: ['ignore', log.fd, log.fd],
      cwd: home,
    });
    await log.close();
    running.push(child);
    return child;
  };
  try {
    const [port, controller, rest] = [await freePort(), await freePort(), await freePort()];
    const broker = `127.0.0.1:${port}`;
    await writeFile(join(home, 'server.properties'), brokerProperties(home, port, controller));
    const id = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url');
    const format = await launch(
      256,
      'format',
      'kafka.tools.StorageTool',
      'format',
      '-t',
      id,
      '-c',
      'server.properties',
    );
    await once(format, 'exit');
    const kafka = await launch(1024, 'broker', 'kafka.Kafka', 'server.properties');
    await writeFile(join(home, 'worker.properties'), workerProperties(join(jars, 'plugins'), broker, rest, worker));
    await accepts(kafka, port);
    const connect = await launch(
      connectHeapMb,
      'connect',
      'org.apache.kafka.connect.cli.ConnectDistributed',
      'worker.properties',
    );
    const url = `http://127.0.0.1:${rest}`;
    await until(connect, async () => (await fetch(`${url}/health`)).ok);
    return {
      broker,
      brokerPid: kafka.pid ?? 0,
      connectPid: connect.pid ?? 0,
      stop,
      create: (name, config) =>
        request(`${url}/connectors`, 'POST', {
          name,
          config:
            'schema.history.internal.kafka.topic' in config
              ? { ...config, 'schema.history.internal.kafka.bootstrap.servers': broker }
              : config,
        }),
      rewind: async (name, partition, offset) => {
        await request(`${url}/connectors/${name}/stop`, 'PUT');
        const offsets = `${url}/connectors/${name}/offsets`;
        // Refused until its task has ended.
        await until(connect, async () => {
          await request(offsets, 'PATCH', { offsets: [{ partition, offset }] });
          return true;
        });
        await request(`${url}/connectors/${name}/resume`, 'PUT');
      },
      remove: (name) => request(`${url}/connectors/${name}`, 'DELETE'),
      state: async (name) => {
        const answer = await fetch(`${url}/connectors/${name}/status`);
        const { tasks = [] } = (await answer.json()) as { tasks?: { state: string; trace?: string }[] };
        return tasks.map(({ state, trace = '' }) => `${state} ${trace}`.trim()).join();
      },
    };
  } catch (error) {
    const logs = await Promise.all(
      ['broker', 'connect'].map((name) => readFile(join(home, `${name}.log`), 'utf8').catch(() => '')),
    );
    await stop();
    throw new Error(`Kafka and Debezium did not start: ${logs.join(' | ').slice(-1000)}`, { cause: error });
  }
}

async function fetchJars(folder: string): Promise<void> {
  const kafka = ['kafka_2.13', 'connect-runtime', 'connect-api', 'connect-json', 'connect-transforms'];
  const log4j = ['log4j-slf4j-impl', 'log4j-core', 'log4j-api'];
  const jars: readonly (readonly [to: string, coordinates: readonly string[]])[] = [
    [
      'kafka',
      [
        ...kafka.map((name) => `org.apache.kafka:${name}:${KAFKA}`),
        ...log4j.map((name) => `org.apache.logging.log4j:${name}:${LOG4J}`),
      ],
    ],
    ['plugins/debezium', [`io.debezium:debezium-connector-mysql:${DEBEZIUM}`]],
  ];
  for (const [to, coordinates] of jars) {
    await mkdir(join(folder, to), { recursive: true });
    const project = join(folder, to, 'pom.xml');
    await writeFile(project, mavenProject(coordinates));
    await maven(project, 'dependency:copy-dependencies', `-DoutputDirectory=${join(folder, to)}`);
  }
  // What the worker itself has, in its own version.
  const plugin = join(folder, 'plugins', 'debezium');
  const twice = (await readdir(plugin)).filter((name) => /^(?:connect-|kafka-clients-|slf4j-)/.test(name));
  for (const name of twice) await rm(join(plugin, name));
}

function brokerProperties(home: string, port: number, controller: number): string {
  const voter = `127.0.0.1:${controller}`;
  return properties({
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@${voter}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://${voter}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(home, 'logs'),
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'group.initial.rebalance.delay.ms': '0',
  });
}

function workerProperties(
  plugins: string,
  broker: string,
  rest: number,
  more: Readonly<Record<string, string>>,
): string {
  const stored = ['config', 'offset', 'status'].flatMap((name) => [
    [`${name}.storage.topic`, `connect-${name}s`],
    [`${name}.storage.replication.factor`, '1'],
  ]);
  return properties({
    'bootstrap.servers': broker,
    'group.id': 'debezium',
    listeners: `http://127.0.0.1:${rest}`,
    'rest.advertised.host.name': '127.0.0.1',
    'rest.advertised.port': String(rest),
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'offset.storage.partitions': '1',
    'status.storage.partitions': '1',
    'offset.flush.interval.ms': '1000',
    'plugin.path': plugins,
    'plugin.discovery': 'service_load',
    ...Object.fromEntries(stored),
    ...more,
  });
}

function properties(of: Readonly<Record<string, string>>): string {
  return Object.entries(of)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

async function request(url: string, method: string, body?: unknown): Promise<void> {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
}

async function accepts(child: ChildProcess, port: number): Promise<void> {
  await until(child, async () => {
    // A broker closes a connection that speaks HTTP; refused is another matter.
    const failure = await fetch(`http://127.0.0.1:${port}`).catch((error: unknown) => error);
    return !String((failure as Error).cause).includes('ECONNREFUSED');
  });
}

async function until(child: ChildProcess, ready: () => Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; waitedMs < READY_MS; waitedMs += 100) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}`);
    if (await ready().catch(() => false)) return;
    await sleep(100);
  }
  throw new Error(`not ready after ${READY_MS} ms`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
