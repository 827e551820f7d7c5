import { AsyncLocalStorage } from 'node:async_hooks';
import type { MessagePort } from 'node:worker_threads';
import type { Connector } from '../../connector/connector.ts';
import type { Log } from '../../connector/context.ts';
import type { Env } from '../../env/env.ts';
import type { Hub } from '../../hub/port.ts';
import { describeFailure } from '../error/failure.ts';
import type { TaskSpec } from '../host.ts';
import { LocalTaskHost, type LocalTask } from '../local-host.ts';
import { LoopWatch } from './loop-watch.ts';
import type { FromThread, ToThread } from './thread-messages.ts';

export interface TaskThreadOptions {
  readonly env: Env;
  /** The thread's `parentPort`. */
  readonly port: MessagePort;
  readonly hub: Hub;
  readonly connector: (className: string) => Promise<Connector>;
  /** Registers what is called with errors that nobody caught (`process.on('uncaughtException')`). */
  readonly onUncaught: (call: (error: unknown) => void) => void;
}

const REPORT_MS = 1000;

/**
 * The inside of a task thread: takes orders of {@link ToThread} and reports back. Answers pings from
 * its event loop, so a blocked loop is seen from outside.
 */
export function runTaskThread(options: TaskThreadOptions): void {
  new TaskThread(options).run();
}

class TaskThread {
  readonly #options: TaskThreadOptions;
  readonly #host: LocalTaskHost;
  readonly #tasks = new Map<number, LocalTask>();
  /** Which task the running code belongs to: whose an uncaught error is. */
  readonly #current = new AsyncLocalStorage<number>();

  constructor(options: TaskThreadOptions) {
    const { env, hub, connector } = options;
    this.#options = options;
    this.#host = new LocalTaskHost({ env, hub, connector, log: (spec) => this.#log(spec) });
  }

  run(): void {
    const { port, env, onUncaught } = this.#options;
    onUncaught((error) => {
      this.#post({ kind: 'uncaught', id: this.#current.getStore() ?? null, failure: describeFailure(error) });
    });
    port.on('message', (message: ToThread) => this.#take(message));
    this.#post({ kind: 'ready' });
    const loop = new LoopWatch(env.clock, REPORT_MS);
    env.timers.every(REPORT_MS, () => {
      const standing = loop.look();
      for (const task of this.#tasks.values()) task.loop(standing);
      for (const [id, task] of this.#tasks) this.#post({ kind: 'view', id, view: task.view(), changed: false });
    });
  }

  #take(message: ToThread): void {
    switch (message.kind) {
      case 'ping':
        return this.#post({ kind: 'pong', number: message.number });
      case 'start':
        return this.#start(message.id, message.spec);
      case 'pause':
        return this.#tasks.get(message.id)?.pause();
      case 'resume':
        return this.#tasks.get(message.id)?.resume();
      case 'stop':
        void this.#tasks.get(message.id)?.stop(message.deadlineMs);
    }
  }

  #start(id: number, spec: TaskSpec): void {
    this.#current.run(id, () => {
      const task = this.#host.start(spec, (view) => this.#post({ kind: 'view', id, view, changed: true }));
      this.#tasks.set(id, task);
      void task.over.finally(() => {
        this.#tasks.delete(id);
        this.#post({ kind: 'view', id, view: task.view(), changed: true });
        this.#post({ kind: 'over', id, hung: task.isHung });
      });
    });
  }

  #log({ connector, task }: TaskSpec): Log {
    const at =
      (level: 'debug' | 'info' | 'warn' | 'error') =>
      (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
        this.#post({ kind: 'log', level, message, fields: plain({ ...fields, connector, task }) });
      };
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }

  #post(message: FromThread): void {
    this.#options.port.postMessage(message, []);
  }
}

/** Fields as they may cross threads: errors as text, what cannot be copied as its name. */
function plain(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const copied = Object.entries(fields).map(([name, value]) => {
    if (value instanceof Error) return [name, value.stack ?? value.message];
    if (typeof value === 'object' && value !== null) return [name, text(value)];
    return [name, typeof value === 'function' || typeof value === 'symbol' ? String(value) : value];
  });
  return Object.fromEntries(copied) as Record<string, unknown>;
}

function text(value: object): string {
  try {
    return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item));
  } catch {
    return Object.prototype.toString.call(value);
  }
}
