import { Worker } from 'node:worker_threads';
import type { Log } from '../../connector/context.ts';
import type { RawConfig } from '../../connector/options.ts';
import type { Env, Timer } from '../../env/env.ts';
import { MillraceError } from '../../record/error.ts';
import { messageOf } from '../../record/thrown.ts';
import { unpackError } from '../../record/packed-error.ts';
import { heapLimits } from '../../task/thread/heap-limits.ts';
import { extension } from '../hub-thread.ts';
import type {
  FromPluginThread,
  PluginCall,
  PluginDeclaration,
  PluginThreadData,
  ToPluginThread,
} from './plugin-messages.ts';
import type { PluginPackage } from './plugin-package.ts';

export interface PluginThreadOptions {
  readonly className: string;
  readonly plugin: PluginPackage;
  readonly env: Env;
  readonly log: Log;
  readonly maxHeapMb: number;
  /** Most MiB of buffers. */
  readonly maxExternalMb: number;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A thread nobody asks anything ends after this. */
const IDLE_MS = 30_000;
const LOAD_MS = 30_000;
const WEIGH_MS = 200;

/**
 * The thread of one third-party connector, seen from the main thread: for its declaration and for
 * calls that are not the stream. It is started by the first call and ends when it has been idle, or
 * when a call takes too long: a connector that blocks or exits harms nobody but itself.
 */
export class PluginThread {
  readonly #options: PluginThreadOptions;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | null = null;
  #declared = Promise.withResolvers<PluginDeclaration>();
  #ids = 0;
  #underWay = 0;
  #idle: Timer | null = null;

  constructor(options: PluginThreadOptions) {
    this.#options = options;
  }

  declaration(): Promise<PluginDeclaration> {
    return this.#guarded('loading it', LOAD_MS, () => this.#start());
  }

  /** Rejects after `limitMs`, and then ends the thread. */
  async call<T>(
    method: PluginCall['method'],
    config: RawConfig,
    more: readonly unknown[],
    limitMs: number,
    at: { readonly name?: string; readonly signal?: AbortSignal } = {},
  ): Promise<T> {
    await this.declaration();
    const id = this.#ids++;
    const abort = (): void => this.#post({ kind: 'abort', id });
    at.signal?.addEventListener('abort', abort, { once: true });
    try {
      return (await this.#guarded(`${method}()`, limitMs, () => {
        const { promise, resolve, reject } = Promise.withResolvers<unknown>();
        this.#pending.set(id, { resolve, reject });
        this.#post({ kind: 'call', call: { id, method, name: at.name ?? '', config, more } });
        return promise;
      })) as T;
    } finally {
      this.#pending.delete(id);
      at.signal?.removeEventListener('abort', abort);
    }
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.#end(new MillraceError('PLUGIN_CLOSED', 'the worker is closing', { kind: 'closed' }));
  }

  #start(): Promise<PluginDeclaration> {
    if (this.#worker !== null) return this.#declared.promise;
    const { className, plugin, maxHeapMb } = this.#options;
    const data: PluginThreadData = { className, plugin: { ...plugin, entry: plugin.entry.href } };
    const worker = new Worker(new URL(`../threads/plugin${extension()}`, import.meta.url), {
      name: `millrace-plugin ${className}`,
      workerData: data,
      resourceLimits: heapLimits(maxHeapMb),
    });
    this.#worker = worker;
    this.#declared = Promise.withResolvers();
    this.#declared.promise.catch(() => undefined);
    worker.on('message', (message: FromPluginThread) => this.#take(worker, message));
    worker.on('error', (error) => void this.#lost(worker, `it failed: ${messageOf(error)}`));
    worker.on(
      'exit',
      (code) => void this.#lost(worker, `its thread ended itself: process.exit(${code}) was called in it`),
    );
    return this.#declared.promise;
  }

  #take(worker: Worker, message: FromPluginThread): void {
    if (worker !== this.#worker) return;
    switch (message.kind) {
      case 'declared':
        return this.#declared.resolve(message.declaration);
      case 'failed':
        return void this.#end(unpackError(message.error));
      case 'answer':
        return this.#pending.get(message.id)?.resolve(message.value);
      case 'refused':
        return this.#pending.get(message.id)?.reject(unpackError(message.error));
      case 'log': {
        const fields = JSON.parse(message.fields) as Record<string, unknown>;
        this.#options.log[message.level](message.message, { ...fields, plugin: this.#options.className });
      }
    }
  }

  /** Runs one step with a time limit; while none runs the thread may idle away. */
  async #guarded<T>(what: string, limitMs: number, step: () => Promise<T>): Promise<T> {
    const { env, className } = this.#options;
    this.#idle?.cancel();
    const limit = env.timers.after(limitMs, () => {
      const message = `${className}: ${what} did not end within ${limitMs} ms`;
      const remedy = 'Report it to the connector’s author; its thread was ended.';
      void this.#end(new MillraceError('PLUGIN_STALLED', message, { kind: 'config', key: 'connector.class', remedy }));
    });
    this.#underWay++;
    const scale = env.timers.every(WEIGH_MS, () => void this.#weigh());
    try {
      const answer = step();
      // While somebody waits, the process is not to end.
      this.#worker?.ref();
      return await answer;
    } finally {
      limit.cancel();
      scale.cancel();
      if (--this.#underWay === 0) this.#worker?.unref();
      this.#idle?.cancel();
      this.#idle = env.timers.after(IDLE_MS, () => void this.#end(null));
    }
  }

  /** Answers even while the thread's loop is blocked. */
  async #weigh(): Promise<void> {
    const worker = this.#worker;
    if (worker === null) return;
    const mib = ((await worker.getHeapStatistics().catch(() => null))?.external_memory ?? 0) / 2 ** 20;
    if (mib > this.#options.maxExternalMb) await this.#lost(worker, `it held ${Math.round(mib)} MiB of buffers`);
  }

  async #lost(worker: Worker, what: string): Promise<void> {
    if (worker !== this.#worker) return;
    const remedy = 'Report it to the connector’s author.';
    const message = `${this.#options.className}: ${what}`;
    await this.#end(new MillraceError('PLUGIN_LOST', message, { kind: 'config', key: 'connector.class', remedy }));
  }

  /** `error`: what pending calls are told; null: only if there are none. */
  async #end(error: MillraceError | null): Promise<void> {
    const worker = this.#worker;
    if (worker === null || (error === null && this.#pending.size > 0)) return;
    this.#worker = null;
    this.#idle?.cancel();
    if (error !== null) {
      this.#declared.reject(error);
      for (const { reject } of this.#pending.values()) reject(error);
    }
    await worker.terminate();
  }

  #post(message: ToPluginThread): void {
    this.#worker?.postMessage(message, []);
  }
}
