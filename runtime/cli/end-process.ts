import { spawn } from 'node:child_process';

const GRACE_MS = 1000;

/** Kills the process whose number it is given, unless that has closed its end of the pipe by then: it has ended. */
const KILLER = `
  process.stdin.on('end', () => process.exit()).on('error', () => process.exit()).resume();
  setTimeout(() => { process.kill(Number(process.argv[1]), 'SIGKILL'); process.exit(); }, Number(process.argv[2]));
`;

/**
 * Ends this process now. `process.exit` waits for threads, and so for a native call that never returns; from
 * within nothing can be done about it any more. So a child of ours kills it after a second: its status is then 137.
 */
export function endProcess(code: number): never {
  const killer = spawn(process.execPath, ['-e', KILLER, String(process.pid), String(GRACE_MS)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {},
  });
  // Where no process can be started, exit is all there is.
  killer.on('error', () => undefined);
  process.exit(code);
}
