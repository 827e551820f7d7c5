import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAIN } from './worker-process.ts';
import { freePort } from '../services/free-port.ts';

const run = promisify(execFile);

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-guide-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** The indented lines that are commands: blocks that show output begin with one of its first words, others with a connector that is not there. */
function commands(guide: string): string {
  const blocks = guide
    .split(/\n\n/)
    .filter(
      (block) =>
        /^ {4}/.test(block) &&
        !/^ {4}(?:~ |PARTITION|Plan:|millrace connectors stop|millrace deadletters (?:list|redrive) archive)/.test(
          block,
        ),
    );
  return blocks
    .flatMap((block) => block.split('\n'))
    .map((line) => line.slice(4))
    .join('\n');
}

/** Pastes a page's commands into a shell; returns what they print. */
async function paste(page: string, place: string): Promise<string> {
  const shim = join(folder, 'millrace');
  await writeFile(shim, `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  await chmod(shim, 0o755);
  const guide = await readFile(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
  const port = await freePort();
  const script = commands(guide).replaceAll(place, join(folder, 'guide')).replaceAll('8083', String(port));
  const path = [folder, dirname(process.execPath), process.env['PATH'] ?? ''].join(':');
  const env = { ...process.env, PATH: path, XDG_CONFIG_HOME: join(folder, 'config'), NO_COLOR: '1' };
  await run(shim, ['context', 'add', 'guide', '--url', `http://127.0.0.1:${port}`], { env });
  // `exec`: ending the job ends the worker itself, and the script waits for it.
  const whole = `set -m\n${script.replace('kill %1', 'kill %1; wait %1')}\n`;
  const { stdout, stderr } = await run('bash', ['-c', whole], { env, timeout: 120_000 });
  expect(stderr).not.toContain('error:');
  return stdout;
}

describe('the guides', () => {
  it('docs/apply.md: its commands work as they are pasted', async () => {
    const out = await paste('apply.md', '/tmp/millrace-plan');
    expect(out).toContain('Plan: 2 to create, 0 to update, 0 to delete, 0 unchanged.');
    expect(out).toContain('- flush.size=50');
    expect(out).toContain('40 records of the hub: 0 as before, 40 otherwise; 40 made, 0 dropped, 0 failed');
    expect(out).toContain('+ topics/orders/partition=0/orders+0+0000000180.json (20 records)');
    expect(out).toContain('updated archive');
    expect(out).toContain('deleted archive');
  });

  it('docs/deadletters.md: the commands of its try work as they are pasted', async () => {
    const out = await paste('deadletters.md', '/tmp/millrace-deadletters');
    expect(out).toMatch(/0\/0 .*TRANSFORM_VALUE/);
    expect(out).toContain('is done: 1 meant, 1 redriven');
    expect(await readFile(join(folder, 'guide/out.txt'), 'utf8')).toBe('1\n3\nbad 2\n');
  });

  it('docs/rewind.md: its commands work as they are pasted', async () => {
    const out = await paste('rewind.md', '/tmp/millrace-rewind');
    expect(out).toMatch(/orders-0 +200 +100 +100 /);
    expect(out).toContain('begins at 100 instead of 120');
    expect(out.match(/rewound archive/g)).toHaveLength(2);
    expect(out).toContain('rewound orders');
    const files = await readdir(join(folder, 'guide/archive/topics/orders/partition=0'));
    expect(files.toSorted().slice(0, 4)).toEqual(
      ['0', '50', '100', '150'].map((offset) => `orders+0+${offset.padStart(10, '0')}.json`),
    );
  });
});
