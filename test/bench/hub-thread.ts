/** The hub thread of the benchmarks. */
import { parentPort, workerData } from 'node:worker_threads';
import { startHubServer } from '../../runtime/hub/embedded/open.ts';
import { realEnv as env } from '../../runtime/env/real.ts';

const { path } = workerData as { path: string };
const server = await startHubServer({ path, env });
function connect(): void {
  const port = server.connect();
  parentPort?.postMessage(port, [port]);
}
connect();
parentPort?.on('message', (message: unknown) => {
  if (message === 'connect') connect();
  else void server.close().then(() => parentPort?.close());
});
