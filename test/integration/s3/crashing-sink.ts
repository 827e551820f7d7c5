import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { RawConfig } from '../../../runtime/connector/options.ts';
import { parsedLines } from '../../unit/connectors/s3/archive-folder.ts';

const CHILD = fileURLToPath(new URL('sink-child.ts', import.meta.url));
/** Records of the topic. */
export const RECORDS = 20_000;

export interface Ran {
  readonly durable: string;
  readonly ended: boolean;
  /** Objects of an earlier run that were found with another end. */
  readonly adopted: number;
}

/** Runs the sink from the last durable offset it told of; kills it a while after it began to write, lets it reach a crash point, or its end. */
export async function run(config: RawConfig, from: string, killAfterMs: number | null, crashAt?: string): Promise<Ran> {
  const child = spawn(process.execPath, [CHILD, JSON.stringify(config), from, String(RECORDS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...(crashAt === undefined ? {} : { MILLRACE_CRASH_AT: crashAt }) },
  });
  let output = '';
  const begun = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      resolve();
    });
    child.stdout.once('end', resolve);
  });
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  if (killAfterMs !== null) {
    await begun;
    await sleep(killAfterMs);
    child.kill('SIGKILL');
  }
  await gone;
  const lines = output.split('\n').slice(0, -1);
  const told = lines.filter((line) => /^\d+$/.test(line));
  const adopted = lines.filter((line) => line === 'adopted').length;
  // What a runner has committed may be a good deal older than what was durable at the kill.
  return { durable: told[Math.floor(told.length * 0.7)] ?? from, ended: lines.includes('end'), adopted };
}

export const numbers = (files: ReadonlyMap<string, Buffer>): number[] =>
  (parsedLines(files) as { n: number }[]).map(({ n }) => n).sort((a, b) => a - b);

/** Each record of the archive once, from the first to the last that was closed. */
export function expectOnce(found: readonly number[]): void {
  expect(found).toEqual(Array.from({ length: found.length }, (_, n) => n));
  expect(found.length).toBeGreaterThan(RECORDS - 1000);
}
