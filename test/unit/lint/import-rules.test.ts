import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { checkFile, checkProject, mayImport } from '../../lint/import-rules.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

test('every import of the project goes along an allowed arrow', () => {
  expect(checkProject()).toEqual([]);
});

test.each([
  ['runtime/record/a.ts', `import { x } from '../hub/port.ts';`, 'record may not import hub'],
  ['runtime/hub/a.ts', `import type { x } from '../task/host.ts';`, 'hub may not import task'],
  ['runtime/task/deep/a.ts', `const x = await import('../../rest/server.ts');`, 'task may not import rest'],
  ['runtime/cluster/a.ts', `export { x } from '../rest/server.ts';`, 'cluster may not import rest'],
  ['connectors/s3/a.ts', `import '../postgres/index.ts';`, 'connectors/s3 may not import connectors/postgres'],
  ['connectors/s3/a.ts', `import { x } from '../../runtime/hub/port.ts';`, 'connectors/s3 may not import hub'],
  ['runtime/task/a.ts', `import { x } from '../../test/unit/a.ts';`, 'product code imports only product code'],
  ['runtime/task/a.ts', `const now = new Date();`, 'the time comes from Env.clock'],
])('a wrong-way import is refused: %s', (file, text, reason) => {
  expect(checkFile(file, text).map((wrong) => wrong.reason)).toEqual([reason]);
});

test('allowed arrows pass', () => {
  expect(checkFile('runtime/task/a.ts', `import { x } from '../hub/port.ts';`)).toEqual([]);
  expect(mayImport('app', 'rest')).toBe(true);
  expect(mayImport('connectors/postgres', 'change')).toBe(true);
});

test('lint refuses a floating promise and the globals that Env stands for', () => {
  // Not in the tree: whoever lists, compiles or commits it meanwhile must not meet the probe.
  const folder = mkdtempSync(join(tmpdir(), 'lint-probe-'));
  try {
    for (const file of ['.oxlintrc.json', 'tsconfig.json']) copyFileSync(join(ROOT, file), join(folder, file));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    mkdirSync(join(folder, 'runtime', 'task'), { recursive: true });
    const bad = [
      'async function work(): Promise<void> {}',
      'export function start(): void {',
      '  work();',
      '  setTimeout(start, Math.random() * Date.now());',
      '}',
    ].join('\n');
    writeFileSync(join(folder, 'runtime', 'task', 'bad.ts'), bad);
    const oxlint = join(ROOT, 'node_modules', '.bin', 'oxlint');
    const run = spawnSync(oxlint, ['--type-aware', 'runtime'], { cwd: folder, encoding: 'utf8' });
    expect(run.status).not.toBe(0);
    for (const rule of ['no-floating-promises', 'no-restricted-globals', 'no-restricted-properties']) {
      expect(run.stdout).toContain(rule);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
