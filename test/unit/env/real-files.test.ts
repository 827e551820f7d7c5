import { mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { realEnv } from '../../../runtime/env/real.ts';

const { mkdir } = realEnv.files;

async function scratch(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'millrace-files-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('a folder is made with those above it, and stays where it is there', async () => {
  const path = join(await scratch(), 'a', 'b', 'c');
  await mkdir(path);
  await mkdir(path);
  expect((await stat(path)).isDirectory()).toBe(true);
});

test('its mode is that of the last folder', async () => {
  const root = await scratch();
  await mkdir(join(root, 'a', 'b'), 0o700);
  expect((await stat(join(root, 'a', 'b'))).mode & 0o777).toBe(0o700);
  expect((await stat(join(root, 'a'))).mode & 0o700).toBe(0o700);
});

test('a file in its place, or above it, is an error', async () => {
  const root = await scratch();
  await writeFile(join(root, 'file'), 'x');
  await expect(mkdir(join(root, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(mkdir(join(root, 'file', 'a', 'b'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  expect(await readFile(join(root, 'file'), 'utf8')).toBe('x');
});

test('a link to a folder is one; a link to nothing is an error', async () => {
  const root = await scratch();
  await mkdir(join(root, 'real'));
  await symlink(join(root, 'real'), join(root, 'link'));
  await symlink(join(root, 'none'), join(root, 'dangling'));
  await mkdir(join(root, 'link', 'a'));
  await expect(mkdir(join(root, 'dangling'))).rejects.toMatchObject({ code: 'EEXIST' });
});

test.runIf(process.platform === 'linux')('a file system that takes no folders ends with an error', async () => {
  await expect(mkdir('/proc/millrace/a/b')).rejects.toMatchObject({ code: 'ENOENT' });
});
