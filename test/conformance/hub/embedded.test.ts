import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { realEnv as env } from '../../../runtime/env/real.ts';
import { connectHub, startHubServer } from '../../../runtime/hub/embedded/open.ts';
import type { HubDriver } from './driver.ts';
import { hubConformance } from './suite.ts';

const inThisThread: HubDriver = {
  name: 'embedded, in this thread',
  start: async () => {
    const path = await mkdtemp(`${tmpdir()}/millrace-hub-`);
    const server = await startHubServer({ path, env });
    return {
      client: () => connectHub(server.connect(), { path, env }),
      stop: async () => {
        await server.close();
        await rm(path, { recursive: true });
      },
    };
  },
};

const inAThread: HubDriver = {
  name: 'embedded, in a thread of its own',
  start: async () => {
    const path = await mkdtemp(`${tmpdir()}/millrace-hub-`);
    const worker = new Worker(new URL('hub-thread.ts', import.meta.url), { workerData: { path } });
    const next = <T>() => new Promise<T>((resolve) => worker.once('message', resolve));
    await next<string>();
    return {
      client: async () => {
        const port = next<MessagePort>();
        worker.postMessage('connect', []);
        return connectHub(await port, { path, env });
      },
      stop: async () => {
        const exited = new Promise((resolve) => worker.once('exit', resolve));
        worker.postMessage('close', []);
        await exited;
        await rm(path, { recursive: true });
      },
    };
  },
};

hubConformance(inThisThread);
hubConformance(inAThread);
