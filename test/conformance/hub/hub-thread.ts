/** A thread with an embedded hub's writer: answers each `connect` with a port. */
import { parentPort, workerData } from 'node:worker_threads';
import { realEnv as env } from '../../../runtime/env/real.ts';
import { startHubServer } from '../../../runtime/hub/embedded/open.ts';

const { path } = workerData as { path: string };
const server = await startHubServer({ path, env });
parentPort?.postMessage('ready', []);
parentPort?.on('message', (message: unknown) => {
  if (message === 'connect') {
    const port = server.connect();
    parentPort?.postMessage(port, [port]);
  } else {
    void server.close().then(() => parentPort?.close());
  }
});
