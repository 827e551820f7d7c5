import { Worker } from 'node:worker_threads';
import type { Timer } from '../../env/env.ts';
import { realEnv } from '../../env/real.ts';
import { MillraceError } from '../../record/error.ts';
import { messageOf } from '../../record/thrown.ts';
import { unpackError } from '../../record/packed-error.ts';
import { extension } from '../hub-thread.ts';
import type { RunVerifyOptions } from './run-verify.ts';
import type { VerifyReport } from './verify.ts';
import type { FromVerifyThread, VerifyThreadData } from './verify-messages.ts';

/** How long the code of a connector may take to end once it was told. */
const STOPPING_MS = 2000;

/**
 * Verifies in a thread of its own, with the connector's code in it (D9): what it is asked of each event is asked
 * without a message. A thread that ends itself, or does not end when it is to, is told by name.
 */
export async function verifyElsewhere(className: string, options: RunVerifyOptions): Promise<VerifyReport> {
  const { name, hubPath, workerConfig, waitMs, variables, signal, progress, archives = [], indexes = [] } = options;
  const facts = { name, archives, indexes, hubPath, workerConfig, waitMs };
  const data: VerifyThreadData = { ...facts, variables: { ...variables } };
  const worker = new Worker(new URL(`../threads/verify${extension()}`, import.meta.url), {
    name: `millrace-verify ${className}`,
    workerData: data,
  });
  const { promise, resolve, reject } = Promise.withResolvers<VerifyReport>();
  const lost = (what: string): void => {
    const remedy = 'Report it to the connector’s author.';
    reject(
      new MillraceError('PLUGIN_LOST', `${className}: ${what}`, { kind: 'config', key: 'connector.class', remedy }),
    );
  };
  worker.on('message', (message: FromVerifyThread) => {
    if (message.kind === 'progress') progress(message.text);
    else if (message.kind === 'report') resolve(message.report);
    else reject(unpackError(message.error));
  });
  worker.on('error', (error) => lost(`it failed: ${messageOf(error)}`));
  worker.on('exit', (code) => lost(`its thread ended itself: process.exit(${code}) was called in it`));
  let late: Timer | undefined;
  const stop = (): void => {
    worker.postMessage('stop', []);
    late = realEnv.timers.after(STOPPING_MS, () => reject(signal.reason));
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', stop);
    late?.cancel();
    await worker.terminate();
  }
}
