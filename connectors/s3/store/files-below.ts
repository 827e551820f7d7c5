import { join } from 'node:path';
import type { Env } from '../../../runtime/env/env.ts';
import { errnoOf } from '../../../runtime/env/errno.ts';
import { fileError } from './file-error.ts';

/** Every file below a folder, hidden folders left out, in the order of their names; none where there is no folder. */
export async function filesBelow(folder: string, env: Pick<Env, 'files'>): Promise<string[]> {
  const found: string[] = [];
  try {
    const entries = await env.files.readdir(folder);
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (!entry.isDirectory()) found.push(path);
      else if (!entry.name.startsWith('.')) found.push(...(await filesBelow(path, env)));
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fileError(`listing ${folder}`, error);
  }
  return found;
}
