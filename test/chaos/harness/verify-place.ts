import { silentLog } from '../../../runtime/app/silent-log.ts';
import { runVerify } from '../../../runtime/app/verify/run-verify.ts';
import type { VerifyReport } from '../../../runtime/app/verify/verify.ts';
import { hubPath, type WorkerPlace } from './worker-place.ts';

/** `millrace verify` of a connector of a place, with the indexes of these sinks. */
export function verifyPlace(at: WorkerPlace, name: string, indexes: readonly string[] = []): Promise<VerifyReport> {
  return runVerify({
    name,
    indexes,
    hubPath: hubPath(at),
    workerConfig: undefined,
    waitMs: 60_000,
    variables: {},
    log: silentLog,
    signal: new AbortController().signal,
    progress: () => undefined,
  });
}
