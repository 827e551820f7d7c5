import { realEnv } from '../env/real.ts';
import type { EmbeddedHub } from '../hub/embedded/client/embedded-hub.ts';
import { connectHub } from '../hub/embedded/open.ts';
import type { LineLog } from '../observe/logger.ts';
import type { WorkerSettings } from '../settings/worker-settings.ts';
import { tellLongOpening, warnOfOpenHub } from './hub-folder.ts';
import { HubThread } from './hub-thread.ts';

/** Another process that was stopped while it opened the hub holds LMDB's lock, and this one waits for it without a limit. */
const LONG_OPENING_MS = 5000;

/** Starts the thread that owns the ledger's writes. `failed`: it ended. */
export async function startHub(
  settings: WorkerSettings,
  log: LineLog,
  failed: (error: Error) => void,
): Promise<HubThread> {
  const { options } = settings;
  const path = options['millrace.hub.path'];
  const mapBytes = options['millrace.hub.map.bytes'];
  const hubOptions = {
    minFreeBytes: options['millrace.hub.min.free.bytes'],
    // A connector can be stopped or deleted, and is seen as it is, while its records wait.
    reservedTopics: [options['config.storage.topic'], options['status.storage.topic']],
    ...(mapBytes === undefined ? {} : { mapBytes }),
  };
  const timer = realEnv.timers.every(LONG_OPENING_MS, () => void tellLongOpening(path, realEnv, log));
  try {
    return await HubThread.start(path, hubOptions, failed);
  } finally {
    timer.cancel();
  }
}

/** The ledger, for this thread. */
export async function openHub(thread: HubThread, { options }: WorkerSettings, log: LineLog): Promise<EmbeddedHub> {
  const path = options['millrace.hub.path'];
  await warnOfOpenHub(path, realEnv, log);
  const port = await thread.connect();
  return connectHub(port, { path, env: realEnv });
}
