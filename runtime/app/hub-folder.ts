import type { Log } from '../connector/context.ts';
import type { Env } from '../env/env.ts';

const OTHERS_READ = 0o004n;
const OTHERS_ENTER = 0o001n;

/** The log holds data in clear. A directory that is made is its owner's alone; one that was there is left as it is. */
export async function warnOfOpenHub(path: string, env: Env, log: Log): Promise<void> {
  const { mode } = await env.files.stat(path);
  if ((mode & (OTHERS_READ | OTHERS_ENTER)) === 0n) return;
  log.warn('other users of this machine can look into the hub’s directory, which holds data in clear', {
    path,
    mode: (mode & 0o777n).toString(8),
    remedy: `chmod -R go-rwx ${path}`,
  });
}
