import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlantedBug } from './planted-bug.ts';

/** Why the bug cannot be planted in the project at `root`: the code has gone on without it. null: it can. */
export async function misfit(root: string, { file, find, plant, test }: PlantedBug): Promise<string | null> {
  const text = await textOf(join(root, file));
  if (text === null) return `there is no file ${file}`;
  const times = text.split(find).length - 1;
  if (times !== 1) return `its text stands ${times} times in ${file}, not once: ${find.trim()}`;
  if (find === plant) return 'it changes nothing';
  return (await textOf(join(root, test))) === null ? `there is no test file ${test}` : null;
}

function textOf(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null);
}
