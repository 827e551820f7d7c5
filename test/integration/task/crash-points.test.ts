import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TASK_CRASH_POINTS } from '../../../runtime/task/crash-points.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { forEachRecord } from '../../../runtime/hub/batch/record-cursor.ts';
import { openHub } from '../../../runtime/hub/embedded/open.ts';

const CHILD = fileURLToPath(new URL('crash-child.ts', import.meta.url));
const ROWS = 1000;

let directory: string;
let notes: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-crash-'));
  notes = join(directory, 'notes');
  writeFileSync(notes, '');
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** Runs the child; `killed` or its exit code. */
async function run(kind: 'source' | 'sink', delivery: string, crashAt?: string): Promise<'killed' | number | null> {
  const env = { ...process.env, ...(crashAt === undefined ? {} : { MILLRACE_CRASH_AT: crashAt }) };
  const args = [CHILD, kind, join(directory, 'hub'), notes, delivery];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return signal === 'SIGKILL' ? 'killed' : code;
}

/** The ids in the topic as a consumer reads them. */
async function ids(): Promise<number[]> {
  const hub = await openHub({ path: join(directory, 'hub'), env: realEnv });
  const reader = await hub.reader({ isolation: 'read_committed' });
  const found: number[] = [];
  reader.assign([{ topic: 'memory', partition: 0, offset: 0n }]);
  for (;;) {
    const batches = await reader.read(0, AbortSignal.timeout(5000));
    if (batches.length === 0) break;
    for (const { bytes } of batches) {
      forEachRecord(bytes, (at) => {
        const { id } = JSON.parse(at.value()?.toString() ?? '{}') as { id: number };
        found.push(id);
      });
    }
  }
  await reader.close();
  await hub.close();
  return found;
}

const all = Array.from({ length: ROWS }, (_, i) => i);
/** A transaction's points are passed in exactly-once only, the store's own append of an offset in at-least-once only. */
const passes = (point: string, delivery: string): boolean =>
  point !== 'source.after_commit' || delivery === 'exactly-once';
const sourcePoints = TASK_CRASH_POINTS.filter((point) => point.startsWith('source.'));
const sinkPoints = TASK_CRASH_POINTS.filter((point) => point.startsWith('sink.'));

describe.each(['at-least-once', 'exactly-once'])('a process killed in a source task, %s', (delivery) => {
  test.each(sourcePoints.filter((point) => passes(point, delivery)))(
    '%s: nothing is lost',
    async (point) => {
      expect(await run('source', delivery, `${point}:1`)).toBe('killed');
      expect(await run('source', delivery, `${point}:3`)).toBe('killed');
      expect(await run('source', delivery)).toBe(0);
      const found = await ids();
      if (delivery === 'exactly-once') expect(found).toEqual(all);
      expect([...new Set(found)]).toEqual(all);
      expect(readFileSync(notes, 'utf8')).toBe(String(ROWS));
    },
    120_000,
  );
});

describe('a process killed in a sink task', () => {
  test.each(sinkPoints)(
    '%s: every record is written before its offset is committed',
    async (point) => {
      expect(await run('source', 'at-least-once')).toBe(0);
      writeFileSync(notes, '');
      expect(await run('sink', '', `${point}:1`)).toBe('killed');
      expect(await run('sink', '', `${point}:2`)).toBe('killed');
      expect(await run('sink', '')).toBe(0);
      const written = readFileSync(notes, 'utf8').trim().split('\n').map(Number);
      expect([...new Set(written)].sort((a, b) => a - b)).toEqual(all);
    },
    120_000,
  );
});
