import { mkdir } from 'node:fs/promises';
import { isMainThread, Worker } from 'node:worker_threads';
import { endProcess } from '../../../runtime/cli/end-process.ts';

if (!isMainThread) {
  // Never returns: the thread cannot be ended while it is under way, and process.exit() waits for threads.
  void mkdir('/proc/millrace', { recursive: true });
} else {
  if (process.argv[2] === 'spin') spin();
  setTimeout(() => endProcess(130), 500);
}

function spin(): Worker {
  return new Worker(new URL(import.meta.url));
}
