import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { PlantedBug } from './planted-bug.ts';

/** A copy of the work tree as it is now, in a temporary folder: bugs are planted there, never in the tree. */
export class WorkCopy {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Files that git knows or would take, with their changes; the dependencies by a link. */
  static async make(root: string): Promise<WorkCopy> {
    const path = await mkdtemp(join(tmpdir(), 'millrace-planted-'));
    const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
    const { stdout } = await promisify(execFile)('git', list, { cwd: root, maxBuffer: 16 * 1024 * 1024 });
    const files = [...new Set(stdout.split('\0'))].filter((file) => file !== '');
    for (const folder of new Set(files.map(dirname))) await mkdir(join(path, folder), { recursive: true });
    await Promise.all(files.map((file) => copyExisting(join(root, file), join(path, file))));
    await symlink(join(root, 'node_modules'), join(path, 'node_modules'));
    return new WorkCopy(path);
  }

  /** Puts the bug in; the answer takes it out. */
  async plant({ file, find, plant }: PlantedBug): Promise<() => Promise<void>> {
    const path = join(this.path, file);
    const text = await readFile(path, 'utf8');
    await writeFile(
      path,
      text.replace(find, () => plant),
    );
    return () => writeFile(path, text);
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }
}

/** A file deleted and not committed is listed, and not there. */
async function copyExisting(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}
