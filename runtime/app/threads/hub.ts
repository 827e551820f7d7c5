import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { crashingEnv } from '../../env/real.ts';
import { startHubServer } from '../../hub/embedded/open.ts';
import type { HubOptions, HubServer } from '../../hub/embedded/writer/server.ts';
import type { PackedError } from '../../record/packed-error.ts';
import { hubError, threadError } from './thread-error.ts';

/** What the hub thread is started with. */
export interface HubThreadData {
  readonly path: string;
  readonly options: HubOptions;
}

export type ToHubThread = { readonly kind: 'connect'; readonly id: number } | { readonly kind: 'close' };

export type FromHubThread =
  | { readonly kind: 'started' }
  | { readonly kind: 'failed'; readonly error: PackedError }
  | { readonly kind: 'port'; readonly id: number; readonly port: MessagePort }
  | { readonly kind: 'closed' };

/** The thread that owns the embedded hub's writes. Ends when it has closed the hub. */
async function run(port: MessagePort, { path, options }: HubThreadData): Promise<void> {
  const post = (message: FromHubThread, transfer: readonly MessagePort[] = []): void => {
    port.postMessage(message, transfer);
  };
  let server: HubServer;
  try {
    server = await startHubServer({ path, env: crashingEnv(process.env['MILLRACE_CRASH_AT']), options });
  } catch (error) {
    post({ kind: 'failed', error: threadError(hubError(error, path)) });
    port.close();
    return;
  }
  port.on('message', (message: ToHubThread) => {
    if (message.kind === 'connect') {
      const client = server.connect();
      post({ kind: 'port', id: message.id, port: client }, [client]);
      return;
    }
    void server.close().finally(() => {
      post({ kind: 'closed' });
      port.close();
    });
  });
  post({ kind: 'started' });
}

if (parentPort !== null) await run(parentPort, workerData as HubThreadData);
