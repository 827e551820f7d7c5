import type { Transferable } from 'node:worker_threads';
import type { Log } from '../../connector/context.ts';
import type { Env } from '../../env/env.ts';
import type { TaskHandle, TaskHost, TaskSpec, TaskView } from '../host.ts';
import { heapLimits } from './heap-limits.ts';
import { HostedTask } from './hosted-task.ts';
import type { FromThread } from './thread-messages.ts';
import { WorkerThread, type ThreadLoss } from './worker-thread.ts';

export interface ThreadHostOptions {
  readonly env: Env;
  readonly log: Log;
  /** The entry file of task threads: it calls `runTaskThread`. */
  readonly entry: URL;
  /** What a new thread gets: a port to the hub and what else its entry needs. */
  readonly workerData: () => Promise<{ readonly data: unknown; readonly transfer: readonly Transferable[] }>;
  /** Built-in connectors share threads; others get their own (D9). */
  readonly isBuiltIn: (className: string) => boolean;
  /** Threads that built-in connectors share: one a core. */
  readonly threads: number;
  /** Heap limit of a thread; bytes outside the heap are bounded by the runners. */
  readonly maxHeapMb: number;
  /** Most bytes of buffers a thread may hold, in MiB. Default 1024. */
  readonly maxExternalMb?: number;
  /** How long a thread's loop may be blocked before it is terminated. */
  readonly stallMs: number;
}

interface Thread {
  readonly worker: WorkerThread;
  readonly tasks: Map<number, HostedTask>;
  readonly shared: boolean;
}

/**
 * Runs tasks in worker threads (D9). Threads start when they are first needed. When one is lost, its
 * tasks start again from their durable offsets on others and are counted; who is to blame fails, or
 * after a stall comes back alone; where nobody can say who it was, each comes back alone.
 */
export class ThreadTaskHost implements TaskHost {
  readonly #options: ThreadHostOptions;
  readonly #threads = new Set<Thread>();
  #taskIds = 0;
  #threadNumber = 0;

  constructor(options: ThreadHostOptions) {
    this.#options = options;
  }

  /** Threads that run now. */
  get threads(): number {
    return this.#threads.size;
  }

  start(spec: TaskSpec, changed: (view: TaskView) => void): TaskHandle {
    const alone = !this.#options.isBuiltIn(spec.className);
    const task = new HostedTask({
      id: this.#taskIds++,
      spec,
      alone,
      env: this.#options.env,
      changed,
      terminate: () => this.#terminate(task),
    });
    this.#place(task);
    return task;
  }

  async close(): Promise<void> {
    const threads = [...this.#threads];
    this.#threads.clear();
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
    for (const { tasks } of threads) for (const task of tasks.values()) task.gone('terminated');
  }

  #place(task: HostedTask): void {
    const thread = task.alone ? this.#newThread(false) : this.#sharedThread();
    thread.tasks.set(task.id, task);
    task.placed(thread.worker);
  }

  /** The least loaded one; a new one while there are fewer than allowed and all have work. */
  #sharedThread(): Thread {
    const shared = [...this.#threads].filter((thread) => thread.shared);
    const least = shared.toSorted((a, b) => a.tasks.size - b.tasks.size)[0];
    if (least !== undefined && (least.tasks.size === 0 || shared.length >= this.#options.threads)) return least;
    return this.#newThread(true);
  }

  #newThread(shared: boolean): Thread {
    const { env, entry, workerData, maxHeapMb, maxExternalMb = 1024, stallMs } = this.#options;
    const worker = new WorkerThread({
      env,
      entry,
      workerData,
      stallMs,
      name: `millrace-task-${++this.#threadNumber}`,
      maxExternalBytes: maxExternalMb * 2 ** 20,
      resourceLimits: heapLimits(maxHeapMb),
      message: (message) => this.#take(thread, message),
      lost: (loss) => this.#lost(thread, loss),
    });
    const thread: Thread = { worker, shared, tasks: new Map() };
    this.#threads.add(thread);
    return thread;
  }

  #take(thread: Thread, message: FromThread): void {
    if (message.kind === 'log') {
      this.#options.log[message.level](message.message, message.fields);
      return;
    }
    if (message.kind !== 'view' && message.kind !== 'over') return;
    const task = thread.tasks.get(message.id);
    if (task === undefined) return;
    if (message.kind === 'view') {
      task.reported(message.view, message.changed);
      return;
    }
    thread.tasks.delete(task.id);
    if (message.hung) {
      void this.#end(thread, task);
      return;
    }
    task.gone('stopped');
    if (thread.tasks.size === 0 && !thread.shared) this.#retire(thread);
  }

  #retire(thread: Thread): void {
    this.#threads.delete(thread);
    void thread.worker.terminate();
  }

  #lost(thread: Thread, { failure, culprit, stalled }: ThreadLoss): void {
    if (!this.#threads.delete(thread)) return;
    this.#options.log.error(`a task thread was lost: ${failure.message}`, { code: failure.code });
    const only = thread.tasks.size === 1;
    for (const task of thread.tasks.values()) {
      if (task.isStopping) task.gone('terminated');
      else if (only || task.id === culprit) this.#blame(task, stalled && !task.alone, failure);
      else this.#restart(task, culprit === null, failure.message);
    }
  }

  #blame(task: HostedTask, anotherChance: boolean, failure: ThreadLoss['failure']): void {
    if (anotherChance) this.#restart(task, true, failure.message);
    else task.failed(failure);
  }

  #restart(task: HostedTask, alone: boolean, why: string): void {
    task.restarting(alone, why);
    this.#place(task);
  }

  /** A task that did not stop in time: its thread ends, the others on it start again elsewhere (D9). */
  async #terminate(task: HostedTask): Promise<void> {
    const thread = [...this.#threads].find(({ tasks }) => tasks.get(task.id) === task);
    if (thread !== undefined) await this.#end(thread, task);
  }

  async #end(thread: Thread, task: HostedTask): Promise<void> {
    this.#threads.delete(thread);
    await thread.worker.terminate();
    task.gone('terminated');
    for (const other of thread.tasks.values()) {
      if (other === task) continue;
      if (other.isStopping) other.gone('terminated');
      else this.#restart(other, false, `task ${task.name} on the same thread did not stop in time`);
    }
  }
}
