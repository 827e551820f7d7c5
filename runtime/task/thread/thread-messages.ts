import type { TaskFailure, TaskSpec, TaskView } from '../host.ts';

/** To a task thread. `id` names a task within it. */
export type ToThread =
  | { readonly kind: 'start'; readonly id: number; readonly spec: TaskSpec }
  | { readonly kind: 'pause' | 'resume'; readonly id: number }
  | { readonly kind: 'stop'; readonly id: number; readonly deadlineMs: number }
  | { readonly kind: 'ping'; readonly number: number };

/** From a task thread. */
export type FromThread =
  /** The thread has started and takes orders. */
  | { readonly kind: 'ready' }
  /** `changed`: the state is another one; else a regular report. */
  | { readonly kind: 'view'; readonly id: number; readonly view: TaskView; readonly changed: boolean }
  /** The task is over; nothing of it runs any more unless it is `hung`. */
  | { readonly kind: 'over'; readonly id: number; readonly hung: boolean }
  | { readonly kind: 'pong'; readonly number: number }
  | {
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  /** An error nobody caught: the thread is no longer to be trusted. `id`: the task it came from, if known. */
  | { readonly kind: 'uncaught'; readonly id: number | null; readonly failure: TaskFailure };
