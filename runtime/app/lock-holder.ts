import type { Env } from '../env/env.ts';

/** LMDB's own lock, in the first byte of its lock file (mdb.c, `mdb_env_excl_lock`). */
const EXCLUSIVE = /^\d+: POSIX +ADVISORY +WRITE +(\d+) +\S+?:(\d+) +0 +0$/;

/**
 * The process that keeps others from opening the store of a hub, as Linux tells it in /proc/locks;
 * null: none does, or the system does not tell.
 */
export async function lockHolder(lockFile: string, env: Env): Promise<number | null> {
  try {
    const { ino } = await env.files.stat(lockFile);
    const locks = (await env.files.readFile('/proc/locks')).toString();
    const lines = locks.split('\n').map((line) => EXCLUSIVE.exec(line));
    const pid = lines.find((found) => found?.[2] === String(ino))?.[1];
    return pid === undefined ? null : Number(pid);
  } catch {
    return null;
  }
}
