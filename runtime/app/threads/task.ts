import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { crashingEnv } from '../../env/real.ts';
import { connectHub } from '../../hub/embedded/open.ts';
import { runTaskThread } from '../../task/thread/task-thread.ts';
import type { PluginPlaces } from '../plugins/plugin-package.ts';
import { taskConnector } from '../plugins/task-connector.ts';

/** What a task thread is started with. */
export interface TaskThreadData {
  readonly path: string;
  /** To the hub thread; belongs to this thread. */
  readonly port: MessagePort;
  readonly plugins: PluginPlaces;
}

/** The thread that runs tasks (D9). */
async function run(port: MessagePort, data: TaskThreadData): Promise<void> {
  const env = crashingEnv(process.env['MILLRACE_CRASH_AT']);
  const early: unknown[] = [];
  const keep = (message: unknown): void => {
    early.push(message);
  };
  port.on('message', keep);
  const hub = await connectHub(data.port, { path: data.path, env });
  port.off('message', keep);
  runTaskThread({
    env,
    port,
    hub,
    connector: (className) => taskConnector(className, data.plugins),
    onUncaught: (call) => {
      process.on('uncaughtException', call);
      process.on('unhandledRejection', call);
    },
  });
  for (const message of early) port.emit('message', message);
}

if (parentPort !== null) await run(parentPort, workerData as TaskThreadData);
