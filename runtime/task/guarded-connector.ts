import { inspect } from 'node:util';
import { refuseForeignFiles } from '../connector/allowed-files.ts';
import type { Connector, SinkConnector, SourceConnector } from '../connector/connector.ts';
import type { SinkResult, SinkTask } from '../connector/sink.ts';
import type { SourceBatch, SourceTask } from '../connector/source.ts';
import { MillraceError } from '../record/error.ts';
import type { TaskRunContext } from './task-run-context.ts';
import { numberSetting } from './task-settings.ts';

const CALL_TIMEOUT = 'millrace.task.call.timeout.ms';
const DEFAULT_CALL_TIMEOUT_MS = 600_000;

/**
 * The connector, its tasks held to the contract: what they throw or reject with becomes an error that
 * says in which call; an answer that is none is refused; and a call that does not settle in time fails
 * with its name. `read` may wait as long as it likes, and `close` has its own limit.
 */
export function guardedSource(context: TaskRunContext, connector: SourceConnector): SourceConnector {
  const calls = new Calls(context);
  return {
    ...connector,
    createTask: (config) => {
      const task = connector.createTask(config);
      const guarded: SourceTask = {
        open: (start) => calls.timed('open', () => calls.opened(connector, () => task.open(start))),
        read: async (signal) => batchOf(await calls.called('read', () => task.read(signal))),
        close: () => calls.called('close', () => task.close()),
      };
      if (task.layout !== undefined) Object.assign(guarded, { layout: task.layout.bind(task) });
      const revive: SourceTask['revive'] = (rejected) =>
        calls.timed('revive', () => task.revive?.(rejected) ?? Promise.resolve([]));
      if (task.revive !== undefined) Object.assign(guarded, { revive });
      if (task.committed === undefined) return guarded;
      const committed: SourceTask['committed'] = (partition, position) =>
        calls.timed('committed', () => task.committed?.(partition, position) ?? Promise.resolve());
      return { ...guarded, committed };
    },
  };
}

export function guardedSink(context: TaskRunContext, connector: SinkConnector): SinkConnector {
  const calls = new Calls(context);
  return {
    ...connector,
    createTask: (config) => {
      const task = connector.createTask(config);
      const guarded: SinkTask = {
        open: (start) => calls.timed('open', () => calls.opened(connector, () => task.open(start))),
        assign: (added) => calls.timed('assign', () => task.assign(added)),
        revoke: async (removed, how) =>
          offsetsOf('revoke', await calls.timed('revoke', () => task.revoke(removed, how))),
        write: async (batch, signal) => resultOf('write', await calls.timed('write', () => task.write(batch, signal))),
        close: () => calls.called('close', () => task.close()),
      };
      const redrive: SinkTask['redrive'] = (batch, signal) =>
        calls.timed('redrive', () => task.redrive?.(batch, signal) ?? Promise.resolve({}));
      if (task.redrive !== undefined) Object.assign(guarded, { redrive });
      if (task.flush === undefined) return guarded;
      const flush: SinkTask['flush'] = async (signal) =>
        resultOf(
          'flush',
          await calls.timed('flush', () => task.flush?.(signal) ?? Promise.resolve({ durable: new Map() })),
        );
      return { ...guarded, flush };
    },
  };
}

/** Calls into a connector's task. */
class Calls {
  readonly #context: TaskRunContext;
  readonly #limitMs: number;

  constructor(context: TaskRunContext) {
    this.#context = context;
    this.#limitMs = numberSetting(context.spec, CALL_TIMEOUT, CALL_TIMEOUT, 1) ?? DEFAULT_CALL_TIMEOUT_MS;
  }

  /** The worker's word on files comes before the connector touches any. */
  async opened(connector: Connector, open: () => Promise<void>): Promise<void> {
    const { spec, env } = this.#context;
    await refuseForeignFiles(connector, spec.config, spec.worker, env);
    await open();
  }

  async called<T>(name: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw error instanceof Error ? error : oddRejection(name, error);
    }
  }

  async timed<T>(name: string, call: () => Promise<T>): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = this.#context.env.timers.after(this.#limitMs, () => {
      const error = overdue(name, this.#limitMs);
      // Its code may go on at any time: its thread is not to be used again.
      this.#context.hung(error.message);
      reject(error);
    });
    try {
      return await Promise.race([this.called(name, call), late]);
    } finally {
      timer.cancel();
    }
  }
}

function batchOf(batch: SourceBatch | null): SourceBatch | null {
  if (batch === null) return null;
  const given: unknown = batch;
  if (typeof given === 'object' && given !== null && 'records' in given && isList(given.records)) return batch;
  throw broken('read', given, 'a batch with its records, nor null');
}

/** An array, or a row block. */
function isList(records: unknown): boolean {
  return Array.isArray(records) || (typeof records === 'object' && records !== null && 'cells' in records);
}

function resultOf(name: string, result: SinkResult): SinkResult {
  const given: unknown = result;
  if (typeof given === 'object' && given !== null && 'durable' in given && given.durable instanceof Map) return result;
  throw broken(name, given, 'a result with a Map of durable offsets');
}

function offsetsOf(name: string, offsets: SinkResult['durable']): SinkResult['durable'] {
  const given: unknown = offsets;
  if (given instanceof Map) return offsets;
  throw broken(name, given, 'a Map of durable offsets');
}

function oddRejection(name: string, value: unknown): MillraceError {
  return new MillraceError('TASK_REJECTED', `${name}() was rejected with ${shown(value)}, which is no error`, {
    kind: 'bug',
    remedy: 'Report it to the connector’s author.',
  });
}

function broken(name: string, value: unknown, wanted: string): MillraceError {
  return new MillraceError('TASK_ANSWER_INVALID', `${name}() gave ${shown(value)}, which is not ${wanted}`, {
    kind: 'bug',
    remedy: 'Report it to the connector’s author.',
  });
}

function overdue(name: string, limitMs: number): MillraceError {
  return new MillraceError('TASK_CALL_TIMEOUT', `${name}() did not settle within ${limitMs} ms`, {
    kind: 'bug',
    key: CALL_TIMEOUT,
    remedy: `Report it with the connector; ${CALL_TIMEOUT} sets how long is too long.`,
  });
}

function shown(value: unknown): string {
  return inspect(value, { depth: 1, breakLength: Infinity, maxStringLength: 200, maxArrayLength: 5 }).slice(0, 300);
}
