import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { realEnv } from '../../../runtime/env/real.ts';
import { connectHub } from '../../../runtime/hub/embedded/open.ts';
import { runTaskThread } from '../../../runtime/task/thread/task-thread.ts';
import { nastyConnector } from './nasty-connectors.ts';

const { port, path } = workerData as { readonly port: MessagePort; readonly path: string };
if (parentPort === null) throw new Error('not a worker thread');
runTaskThread({
  env: realEnv,
  port: parentPort,
  hub: await connectHub(port, { path, env: realEnv }),
  connector: (className) => Promise.resolve(nastyConnector(className)),
  onUncaught: (call) => process.on('uncaughtException', call),
});
