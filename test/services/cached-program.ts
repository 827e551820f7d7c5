import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../../.cache/servers/', import.meta.url));

/** Gets a program once: made in a folder of its own, then renamed, so that parallel runs do not meet. Answers its path. */
export async function cachedProgram(
  name: string,
  program: string,
  make: (folder: string) => Promise<unknown>,
): Promise<string> {
  return join(await cachedFolder(name, make, program), program);
}

/** As {@link cachedProgram}, of a folder; `proof`: what is in it once it was made. */
export async function cachedFolder(
  name: string,
  make: (folder: string) => Promise<unknown>,
  proof = '.',
): Promise<string> {
  const folder = join(CACHE, name);
  const path = join(folder, proof);
  if (existsSync(path)) return folder;
  await mkdir(CACHE, { recursive: true });
  const draft = await mkdtemp(join(CACHE, `${name}.`));
  try {
    await make(draft);
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!existsSync(path)) throw error;
  }
  return folder;
}
