/**
 * A worker without connectors: milliseconds from its start to an answering REST API, and its
 * anonymous memory ten seconds later.
 *
 *     npm run build && node test/bench/startup.ts [runs]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { statusMib } from './process-meter.ts';

const MAIN = fileURLToPath(new URL('../../dist/runtime/cli/main.js', import.meta.url));
const PORT = 18_083;
const IDLE_MS = 10_000;
const runs = Number(process.argv[2] ?? '5');

async function measure(): Promise<{ ms: number; mib: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'mr-bench-'));
  const settings = ['--set', `millrace.hub.path=${join(folder, 'hub')}`, '--set', `listeners=http://127.0.0.1:${PORT}`];
  const begun = performance.now();
  const child = spawn(process.execPath, [MAIN, 'worker', ...settings], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  while (!(await answers())) await sleep(5);
  const ms = performance.now() - begun;
  await sleep(IDLE_MS);
  const mib = statusMib(child.pid ?? 0, 'RssAnon');
  child.kill('SIGTERM');
  await ended;
  rmSync(folder, { recursive: true, force: true });
  return { ms, mib };
}

async function answers(): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${PORT}/connectors`)).ok;
  } catch {
    return false;
  }
}

const figures: { ms: number; mib: number }[] = [];
for (let run = 0; run < runs; run++) figures.push(await measure());
const sorted = figures.map(({ ms }) => Math.round(ms)).sort((a, b) => a - b);
const idle = Math.max(...figures.map(({ mib }) => mib));
console.log(
  JSON.stringify({ msToRest: sorted, medianMs: sorted[sorted.length >> 1], idleAnonymousMib: Math.round(idle) }),
);
