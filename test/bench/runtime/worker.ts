import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../dist/runtime/cli/main.js', import.meta.url));
const STARTED = /http:\/\/127\.0\.0\.1:\d+/;

type Config = Readonly<Record<string, string>>;

/** A worker of the build (`npm run build`) in a process and a folder of its own. */
export class BenchWorker {
  readonly folder: string;
  readonly pid: number;
  readonly url: string;
  readonly #stop: () => Promise<void>;

  private constructor(folder: string, pid: number, url: string, stop: () => Promise<void>) {
    this.folder = folder;
    this.pid = pid;
    this.url = url;
    this.#stop = stop;
  }

  static async start(settings: Config = {}): Promise<BenchWorker> {
    const folder = mkdtempSync(join(tmpdir(), 'mr-bench-'));
    const file = join(folder, 'worker.json');
    const own = { 'millrace.hub.path': join(folder, 'hub'), listeners: 'http://127.0.0.1:0' };
    writeFileSync(file, JSON.stringify({ ...own, ...settings }));
    const child = spawn(process.execPath, [MAIN, 'worker', file, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const url = await new Promise<string>((resolve, reject) => {
      let text = '';
      child.stdout.on('data', (bytes: Buffer) => {
        text += bytes.toString();
        const found = STARTED.exec(text);
        if (found !== null) resolve(found[0]);
      });
      void ended.then(() => reject(new Error('the worker ended')));
    });
    return new BenchWorker(folder, child.pid ?? 0, url, async () => {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    });
  }

  async create(name: string, config: Config): Promise<void> {
    const body = JSON.stringify({ name, config });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${this.url}/connectors`, { method: 'POST', headers, body });
    if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
  }

  stop(): Promise<void> {
    return this.#stop();
  }
}

/** Polls until `count()` is at least `target`; returns seconds from the first count above 0, extrapolated to all. */
export async function secondsFor(target: number, count: () => Promise<number>): Promise<number> {
  let first = await count();
  while (first === 0) {
    await sleep(20);
    first = await count();
  }
  const begun = performance.now();
  while ((await count()) < target) await sleep(20);
  return ((performance.now() - begun) / 1000) * (target / (target - first));
}
