import type { Log } from '../connector/context.ts';
import type { Env } from '../env/env.ts';
import { LOCK_FILE } from '../hub/embedded/store/store.ts';
import { lockHolder } from './lock-holder.ts';

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

/** Says that the hub is not open yet, and who keeps it, where the system tells. */
export async function tellLongOpening(path: string, env: Env, log: Log): Promise<void> {
  const pid = await lockHolder(`${path}/${LOCK_FILE}`, env);
  if (pid === null || pid === env.pid) {
    log.warn('the hub is still being opened', { path });
    return;
  }
  log.warn('the hub cannot be opened: another process has it locked', {
    path,
    pid,
    remedy: `Let process ${pid} go on (kill -CONT ${pid}) or end it (kill ${pid}): it was stopped while it opened the hub.`,
  });
}
