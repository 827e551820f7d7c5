import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

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
): Promise<Finished> {
  const child = start(args, cwd, env);
  const collected = collect(child);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...collected() };
}

function start(args: readonly string[], cwd: string, env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], { cwd, env: { ...process.env, NO_COLOR: '1', ...env } });
}

function collect(child: ChildProcess): () => { out: string; err: string } {
  let out = '';
  let err = '';
  child.stdout?.on('data', (part: Buffer) => (out += part.toString()));
  child.stderr?.on('data', (part: Buffer) => (err += part.toString()));
  return () => ({ out, err });
}

/** A worker in a process of its own. */
export class WorkerProcess {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #collected: () => { out: string; err: string };
  readonly #closed: Promise<unknown>;

  private constructor(child: ChildProcess, url: string) {
    this.url = url;
    this.#child = child;
    this.#collected = collect(child);
    this.#closed = once(child, 'close');
  }

  /** Waits until REST says that it is healthy. */
  static async start(args: readonly string[], cwd: string, env: Record<string, string> = {}): Promise<WorkerProcess> {
    const port = await freePort();
    const listeners = `listeners=http://127.0.0.1:${port}`;
    const child = start(['worker', ...args, '--json', '--set', listeners], cwd, env);
    const worker = new WorkerProcess(child, `http://127.0.0.1:${port}`);
    await worker.until('healthy', async () => (await worker.get('/health')).status === 200);
    return worker;
  }

  get log(): string {
    const { out, err } = this.#collected();
    return out + err;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async get(path: string): Promise<{ status: number; body: unknown }> {
    const answer = await fetch(`${this.url}${path}`);
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
      if (this.#child.exitCode !== null) break;
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

  /** Sends a signal and waits for the end; returns the exit status. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#child.kill(signal);
    await this.#closed;
    return this.#child.exitCode;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
