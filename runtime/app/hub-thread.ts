import { Worker, type MessagePort } from 'node:worker_threads';
import type { HubOptions } from '../hub/embedded/writer/server.ts';
import { MillraceError } from '../record/error.ts';
import { asError } from '../record/thrown.ts';
import { unpackError } from '../record/packed-error.ts';
import type { FromHubThread, HubThreadData, ToHubThread } from './threads/hub.ts';

/** The hub thread as the main thread sees it. */
export class HubThread {
  readonly #worker: Worker;
  readonly #ports = new Map<number, (port: MessagePort) => void>();
  readonly #started = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #failed: (error: Error) => void;
  #ids = 0;
  #closing = false;

  private constructor(data: HubThreadData, failed: (error: Error) => void) {
    this.#failed = failed;
    const options = { name: 'millrace-hub', workerData: data };
    // The extension is this file's own: .ts from source, .js when compiled.
    this.#worker = new Worker(new URL(`./threads/hub${extension()}`, import.meta.url), options);
    this.#worker.on('message', (message: FromHubThread) => this.#take(message));
    this.#worker.on('error', (error) => this.#lost(asError(error)));
    this.#worker.on('exit', () => {
      this.#lost(new MillraceError('HUB_THREAD_ENDED', 'the hub thread has ended', { kind: 'bug' }));
      this.#ended.resolve();
    });
  }

  /** Rejects with the hub's own error where it cannot start. `failed` is called if it dies later. */
  static async start(path: string, options: HubOptions, failed: (error: Error) => void): Promise<HubThread> {
    const thread = new HubThread({ path, options }, failed);
    await thread.#started.promise;
    return thread;
  }

  /** A port for one client, to be given to `connectHub` in any thread. */
  connect(): Promise<MessagePort> {
    const id = this.#ids++;
    const { promise, resolve } = Promise.withResolvers<MessagePort>();
    this.#ports.set(id, resolve);
    this.#post({ kind: 'connect', id });
    return promise;
  }

  /** Commits what is queued and ends the thread. Idempotent. */
  async close(): Promise<void> {
    if (!this.#closing) this.#post({ kind: 'close' });
    this.#closing = true;
    await this.#ended.promise;
  }

  #post(message: ToHubThread): void {
    this.#worker.postMessage(message, []);
  }

  #take(message: FromHubThread): void {
    switch (message.kind) {
      case 'started':
        return this.#started.resolve();
      case 'failed':
        this.#closing = true;
        return this.#started.reject(unpackError(message.error));
      case 'port':
        this.#ports.get(message.id)?.(message.port);
        this.#ports.delete(message.id);
        return;
      case 'closed':
        return;
    }
  }

  #lost(error: Error): void {
    this.#started.reject(error);
    if (!this.#closing) this.#failed(error);
    this.#closing = true;
  }
}

/** `.ts` where Node runs the sources, `.js` where they were compiled. */
export function extension(): string {
  return import.meta.url.slice(import.meta.url.lastIndexOf('.'));
}
