import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { errnoOf } from './errno.ts';

/** As the system's own limit. */
const MOST_LINKS = 40;

/** The two calls of node:fs/promises. */
interface Links {
  realpath(path: string): Promise<string>;
  readlink(path: string): Promise<string>;
}

/** See `Files.realpath`. */
export async function realPath(fs: Links, path: string, links = 0): Promise<string> {
  // Not made simpler by its text: `link/..` lies where the link leads.
  const whole = isAbsolute(path) ? path : `${resolve('.')}/${path}`;
  try {
    return await fs.realpath(whole);
  } catch (error) {
    const isMissing = ['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '');
    if (!isMissing || links === MOST_LINKS) throw error;
  }
  const parent = dirname(whole);
  if (parent === whole) return whole;
  const folder = await realPath(fs, parent, links);
  const target = await fs.readlink(whole).catch(() => null);
  if (target === null) return join(folder, basename(whole));
  return realPath(fs, isAbsolute(target) ? target : `${folder}/${target}`, links + 1);
}
