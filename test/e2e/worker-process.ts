import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { freePort } from '../services/free-port.ts';

/** The entry of the command line. */
export const MAIN = fileURLToPath(new URL('../../runtime/cli/main.ts', import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a command of the command line to its end. */
export async function millrace(
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
  input = '',
): Promise<Finished> {
  const child = start(args, cwd, env);
  child.stdin?.end(input);
  const collected = collect(child);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...collected() };
}

interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** A file that output is appended to; undefined: it is kept for `log`. */
  readonly logFile?: string;
}

function start(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  log?: number,
): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env },
    ...(log === undefined ? {} : { stdio: ['ignore', log, log] as const }),
  });
}

function collect(child: ChildProcess): () => { out: string; err: string } {
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (part: string) => (out += part));
  child.stderr?.setEncoding('utf8').on('data', (part: string) => (err += part));
  return () => ({ out, err });
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A worker in a process of its own, started from the sources as a user starts it. */
export class WorkerProcess {
  /** Where its REST listens; empty: at a port that it chose itself. */
  readonly url: string;
  /** Resolves when it has ended and all its output was read. */
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #authorization: string | undefined;
  readonly #collected: () => { out: string; err: string };

  private constructor(child: ChildProcess, url: string) {
    this.url = url;
    this.#child = child;
    this.#collected = collect(child);
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
  }

  /** Starts it and waits for nothing. */
  static spawn(
    args: readonly string[],
    cwd: string,
    { env = {}, logFile }: SpawnOptions = {},
    url = '',
  ): WorkerProcess {
    if (logFile === undefined) return new WorkerProcess(start(['worker', ...args, '--json'], cwd, env), url);
    const log = openSync(logFile, 'a');
    try {
      return new WorkerProcess(start(['worker', ...args, '--json'], cwd, env, log), url);
    } finally {
      closeSync(log);
    }
  }

  /** Starts it and waits until REST says that it is healthy. */
  static async start(
    args: readonly string[],
    cwd: string,
    env: Record<string, string> = {},
    authorization?: string,
  ): Promise<WorkerProcess> {
    const url = `http://127.0.0.1:${await freePort()}`;
    const worker = WorkerProcess.spawn([...args, '--set', `listeners=${url}`], cwd, { env }, url);
    worker.#authorization = authorization;
    await worker.until('healthy', async () => (await worker.get('/health')).status === 200);
    return worker;
  }

  get log(): string {
    const { out, err } = this.#collected();
    return out + err;
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the worker did not start');
    return this.#child.pid;
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async get(path: string): Promise<{ status: number; body: unknown }> {
    const authorization = this.#authorization;
    const answer = await fetch(`${this.url}${path}`, { headers: authorization === undefined ? {} : { authorization } });
    const text = await answer.text();
    return {
      status: answer.status,
      body: answer.headers.get('content-type') === 'application/json' ? JSON.parse(text) : text,
    };
  }

  /** Asks until it is so; fails with the worker's log. */
  async until(what: string, holds: () => Promise<boolean>, withinMs = 60_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (performance.now() < deadline) {
      if (await holds().catch(() => false)) return;
      if (!this.alive) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`not ${what} in time:\n${this.log}`);
  }

  async running(connector: string): Promise<void> {
    await this.until(`running ${connector}`, async () => {
      const { body } = await this.get(`/connectors/${connector}/status`);
      const { connector: own, tasks } = body as { connector: { state: string }; tasks: { state: string }[] };
      return own.state === 'RUNNING' && tasks.length > 0 && tasks.every(({ state }) => state === 'RUNNING');
    });
  }

  /** SIGTERM, then waits for the drain. */
  stop(): Promise<Ended> {
    return this.#end('SIGTERM');
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Sends a signal and waits for the end. */
  #end(signal: NodeJS.Signals): Promise<Ended> {
    this.#child.kill(signal);
    return this.ended;
  }
}
