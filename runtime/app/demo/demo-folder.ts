import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceError } from '../../record/error.ts';

const MARK = '.millrace-demo';

/** An empty folder for the demo. One that an earlier demo made and left is emptied; any other must be empty. */
export async function prepareFolder(path: string): Promise<void> {
  if (existsSync(join(path, MARK))) {
    await refuseRunning(path);
    await rm(path, { recursive: true, force: true });
  }
  await mkdir(path, { recursive: true });
  if ((await readdir(path)).length > 0) {
    throw new MillraceError('DEMO_FOLDER_IN_USE', `${path} is not empty, and no demo made it`, {
      kind: 'conflict',
      key: '--data',
      remedy: 'Choose another folder with --data.',
    });
  }
  const note = 'Made by `millrace demo`, which empties this folder when it runs again.';
  await writeFile(join(path, MARK), `${process.pid}\n${note}\n`);
}

/** A demo that still runs there would see its files vanish. */
async function refuseRunning(path: string): Promise<void> {
  const pid = Number.parseInt(await readFile(join(path, MARK), 'utf8'), 10);
  if (!isAlive(pid)) return;
  throw new MillraceError('DEMO_FOLDER_IN_USE', `another demo (pid ${pid}) runs in ${path}`, {
    kind: 'conflict',
    key: '--data',
    remedy: 'End it first, or choose another folder with --data.',
  });
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
