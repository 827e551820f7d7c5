import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { MillraceError } from '../../record/error.ts';
import { silentLog } from '../silent-log.ts';
import { verifyHere } from '../verify/run-verify.ts';
import type { FromVerifyThread, VerifyThreadData } from '../verify/verify-messages.ts';
import { threadError } from './thread-error.ts';

/** The thread in which a third-party connector is verified: its code and the comparison (D9). */
async function run(port: MessagePort, data: VerifyThreadData): Promise<void> {
  const post = (message: FromVerifyThread): void => port.postMessage(message, []);
  const stopped = new AbortController();
  port.on('message', () => stopped.abort(new MillraceError('VERIFY_STOPPED', 'it was stopped', { kind: 'closed' })));
  try {
    const progress = (text: string): void => post({ kind: 'progress', text });
    post({ kind: 'report', report: await verifyHere({ ...data, log: silentLog, progress, signal: stopped.signal }) });
  } catch (error) {
    post({ kind: 'failed', error: threadError(error) });
  }
}

if (parentPort !== null) await run(parentPort, workerData as VerifyThreadData);
