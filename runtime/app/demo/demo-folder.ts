import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceError } from '../../record/error.ts';

const MARK = '.millrace-demo';

/** An empty folder for the demo. One that an earlier demo made is emptied; any other must be empty. */
export async function prepareFolder(path: string): Promise<void> {
  if (existsSync(join(path, MARK))) await rm(path, { recursive: true, force: true });
  await mkdir(path, { recursive: true });
  if ((await readdir(path)).length > 0) {
    throw new MillraceError('DEMO_FOLDER_IN_USE', `${path} is not empty, and no demo made it`, {
      kind: 'conflict',
      key: '--data',
      remedy: 'Choose another folder with --data.',
    });
  }
  await writeFile(join(path, MARK), 'Made by `millrace demo`, which empties this folder when it runs again.\n');
}
