import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, closeSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../runtime/cli/main.ts', import.meta.url));

export interface WorkerPlace {
  /** Folder of the hub, the configurations and the log. */
  readonly folder: string;
  readonly worker?: Readonly<Record<string, string>>;
  readonly connectors: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A worker in a process of its own, started from the sources as a user starts it. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly ended: Promise<Ended>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
  }

  /** `crashAt`: `name[:n]`, the process kills itself at the n-th passage of that point. */
  static start(place: WorkerPlace, crashAt?: string): WorkerProcess {
    const { folder, connectors } = place;
    const directory = join(folder, 'connectors');
    mkdirSync(directory, { recursive: true });
    for (const [name, config] of Object.entries(connectors)) {
      writeFileSync(join(directory, `${name}.json`), JSON.stringify({ name, config }));
    }
    const config = join(folder, 'worker.json');
    const options = { 'millrace.hub.path': hubPath(place), listeners: 'http://127.0.0.1:0', ...place.worker };
    writeFileSync(config, JSON.stringify(options));
    const log = openSync(logPath(place), 'a');
    const child = spawn(process.execPath, [MAIN, 'worker', config, directory, '--json'], {
      stdio: ['ignore', log, log],
      env: { ...process.env, MILLRACE_CRASH_AT: crashAt ?? '' },
    });
    closeSync(log);
    return new WorkerProcess(child);
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the worker did not start');
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  /** SIGTERM, then waits for the drain. */
  async stop(): Promise<Ended> {
    this.#child.kill('SIGTERM');
    return this.ended;
  }
}

export function hubPath(place: WorkerPlace): string {
  return join(place.folder, 'hub');
}

export function logPath(place: WorkerPlace): string {
  return join(place.folder, 'worker.log');
}

/** The log's lines as objects; lines cut off by a kill are left out. */
export function logLines(place: WorkerPlace): Record<string, unknown>[] {
  const lines = readFileSync(logPath(place), 'utf8').split('\n');
  return lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as Record<string, unknown>];
    } catch {
      return [];
    }
  });
}
