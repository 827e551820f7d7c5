import { Worker, type ResourceLimits, type Transferable } from 'node:worker_threads';
import type { Env, Timer } from '../../env/env.ts';
import { MillraceError } from '../../record/error.ts';
import { describeFailure } from '../error/failure.ts';
import type { TaskFailure } from '../host.ts';
import type { FromThread, ToThread } from './thread-messages.ts';

/** Why a thread is gone, and whose fault it was, if that is known. */
export interface ThreadLoss {
  readonly failure: TaskFailure;
  readonly culprit: number | null;
  /** The loop was blocked: it may be a bad moment, so the culprit gets one more start. */
  readonly stalled: boolean;
}

export interface WorkerThreadOptions {
  readonly env: Env;
  /** The thread's entry file. */
  readonly entry: URL;
  readonly name: string;
  readonly workerData: () => Promise<{ readonly data: unknown; readonly transfer: readonly Transferable[] }>;
  readonly resourceLimits: ResourceLimits;
  /** Most bytes outside the heap (Buffers), which `resourceLimits` does not count. */
  readonly maxExternalBytes: number;
  /** How long the thread's loop may be blocked. */
  readonly stallMs: number;
  readonly message: (message: FromThread) => void;
  /** Called once, when the thread is gone without having been asked to go. */
  readonly lost: (loss: ThreadLoss) => void;
}

const PING_MS = 1000;
/** How often its buffers are weighed: memory allocated in a tight loop grows by gigabytes a second. */
const WEIGH_MS = 200;
/** How long a thread may take to start: loading code blocks its loop. */
const STARTING_MS = 60_000;

/**
 * One worker thread seen from the main thread: starts it, asks it for a sign of life every second,
 * and finds out why it died.
 */
export class WorkerThread {
  /** Bytes outside the heap at the last look. */
  externalBytes = 0;
  readonly #options: WorkerThreadOptions;
  #worker: Worker | null = null;
  #queued: ToThread[] = [];
  #ping: Timer | null = null;
  #scale: Timer | null = null;
  #pings = 0;
  #answeredMs = 0;
  #beatMs = 0;
  #ready = false;
  #over = false;
  #terminating: Promise<void> | null = null;

  constructor(options: WorkerThreadOptions) {
    this.#options = options;
    void this.#start();
  }

  post(message: ToThread): void {
    if (this.#worker === null) this.#queued.push(message);
    else this.#worker.postMessage(message, []);
  }

  /** Resolves when no code of the thread runs any more. Idempotent. */
  terminate(): Promise<void> {
    this.#over = true;
    this.#ping?.cancel();
    this.#scale?.cancel();
    this.#terminating ??= this.#worker === null ? Promise.resolve() : this.#worker.terminate().then(() => undefined);
    return this.#terminating;
  }

  async #start(): Promise<void> {
    const { entry, name, resourceLimits, workerData, env } = this.#options;
    try {
      const { data, transfer } = await workerData();
      if (this.#over) return;
      const worker = new Worker(entry, { name, workerData: data, transferList: [...transfer], resourceLimits });
      this.#worker = worker;
      worker.on('message', (message: FromThread) => this.#take(message));
      worker.on('error', (error) => this.#lose(deathOf(error), null, false));
      worker.on('exit', (code) => this.#lose(exited(code), null, false));
      worker.once('online', () => {
        this.#answeredMs = env.clock.monotonicMs();
        this.#ping = env.timers.every(PING_MS, () => this.#beat());
        this.#scale = env.timers.every(WEIGH_MS, () => void this.#weigh());
      });
      for (const message of this.#queued) worker.postMessage(message, []);
      this.#queued = [];
    } catch (error) {
      this.#lose(describeFailure(error), null, false);
    }
  }

  #take(message: FromThread): void {
    if (this.#over) return;
    this.#answeredMs = this.#options.env.clock.monotonicMs();
    if (message.kind === 'uncaught') this.#lose(message.failure, message.id, false);
    else if (message.kind === 'ready') this.#ready = true;
    else if (message.kind !== 'pong') this.#options.message(message);
  }

  #beat(): void {
    const nowMs = this.#options.env.clock.monotonicMs();
    // Late ourselves (a busy main thread, a machine that slept): answers may be waiting to be read.
    if (nowMs - this.#beatMs > 2 * PING_MS) this.#answeredMs = nowMs;
    this.#beatMs = nowMs;
    const silentMs = nowMs - this.#answeredMs;
    if (silentMs > (this.#ready ? this.#options.stallMs : STARTING_MS)) this.#lose(stalled(silentMs), null, true);
    else this.post({ kind: 'ping', number: this.#pings++ });
  }

  /** Answers even while the thread's loop is blocked. */
  async #weigh(): Promise<void> {
    const statistics = await this.#worker?.getHeapStatistics().catch(() => undefined);
    const bytes = statistics?.external_memory ?? 0;
    this.externalBytes = bytes;
    if (bytes > this.#options.maxExternalBytes) this.#lose(tooHeavy(bytes), null, false);
  }

  #lose(failure: TaskFailure, culprit: number | null, isStalled: boolean): void {
    if (this.#over) return;
    void this.terminate().then(() => this.#options.lost({ failure, culprit, stalled: isStalled }));
  }
}

function deathOf(error: unknown): TaskFailure {
  const isMemory = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
  if (!isMemory) return describeFailure(error);
  return describeFailure(
    new MillraceError('TASK_OUT_OF_MEMORY', 'the task thread reached its memory limit', {
      kind: 'bug',
      key: 'millrace.task.thread.max.heap.mb',
      remedy: 'Raise millrace.task.thread.max.heap.mb, or lower what the connector holds in memory.',
      cause: error,
    }),
  );
}

function tooHeavy(bytes: number): TaskFailure {
  const mib = Math.round(bytes / 2 ** 20);
  return describeFailure(
    new MillraceError('TASK_OUT_OF_MEMORY', `the task thread held ${mib} MiB of buffers and was terminated`, {
      kind: 'bug',
      remedy: 'Lower what the connector holds in memory: its batch and buffer sizes.',
    }),
  );
}

function exited(code: number): TaskFailure {
  return describeFailure(
    new MillraceError('TASK_THREAD_EXITED', `the task thread ended itself: process.exit(${code}) was called in it`, {
      kind: 'bug',
      remedy: 'A connector must not call process.exit: report this to its author.',
    }),
  );
}

function stalled(silentMs: number): TaskFailure {
  const seconds = (silentMs / 1000).toFixed(1);
  return describeFailure(
    new MillraceError('TASK_STALLED', `the task blocked its thread for ${seconds} s and was terminated`, {
      kind: 'bug',
      key: 'millrace.task.stall.timeout.ms',
      remedy: 'Report it with the connector; millrace.task.stall.timeout.ms sets how long is too long.',
    }),
  );
}
