import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { MAIN } from './worker-process.ts';
import { freePort } from '../services/free-port.ts';

const run = promisify(execFile);

/** The commands of the guide in their order: its indented lines. */
function commands(guide: string): string {
  const lines = guide.split('\n').filter((line) => line.startsWith('    ') && !line.startsWith('    {"time"'));
  return lines.map((line) => line.slice(4)).join('\n');
}

it('the commands of docs/security.md work as they are pasted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-guide-'));
  try {
    const place = join(folder, 'guide');
    const bin = join(folder, 'bin');
    await mkdir(bin);
    const shim = join(bin, 'millrace');
    await writeFile(shim, `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
    await chmod(shim, 0o755);
    const guide = await readFile(new URL('../../docs/security.md', import.meta.url), 'utf8');
    const script = commands(guide)
      .replaceAll('/tmp/millrace-security', place)
      .replaceAll('8443', String(await freePort()));
    // `exec`: ending the job ends the worker itself, and the script waits for it.
    const whole = `set -em\ntrap 'kill %1 2>/dev/null || true' EXIT\n${script.replace('kill %1', 'kill %1; wait %1 || true')}\n`;
    const { stdout } = await run('bash', ['-c', whole], {
      env: {
        ...process.env,
        PATH: `${bin}:${process.env['PATH'] ?? ''}`,
        XDG_CONFIG_HOME: join(folder, 'config'),
        NO_COLOR: '1',
      },
      timeout: 120_000,
    });
    expect(stdout).toContain('"kafka_cluster_id"');
    expect(stdout).toContain('"who":"me","role":"admin"');
    expect(stdout).toMatch(/root\s+INFO/);
    expect(stdout).not.toMatch(/mlr_|change-me-soon/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
