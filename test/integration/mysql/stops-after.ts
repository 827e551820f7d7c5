import type { SourceBatch, SourceTask } from '../../../runtime/connector/source.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';

interface Stopping {
  readonly task: SourceTask;
  readonly stopped: Promise<void>;
}

/** A task that gives so many batches, and then nothing more. */
export function stopsAfter(task: SourceTask, batches: number): Stopping {
  let left = batches;
  return stopsWhen(task, () => left-- <= 0);
}

/** A task that gives so many batches, and the next ones once it may go on. */
export function pausesAfter(
  task: SourceTask,
  batches: number,
): { readonly task: SourceTask; readonly paused: Promise<void>; readonly goOn: () => void } {
  const paused = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  let left = batches;
  const read = async (signal: AbortSignal): Promise<SourceBatch | null> => {
    if (left-- === 0) {
      paused.resolve();
      await gate.promise;
    }
    return task.read(signal);
  };
  return { task: withRead(task, read), paused: paused.promise, goOn: () => gate.resolve() };
}

/** A task that gives nothing more after the batch that stores such an offset. */
export function stopsAtOffset(task: SourceTask, is: (partition: JsonObject, offset: JsonObject) => boolean): Stopping {
  return stopsWhen(task, (last) =>
    (last?.progress ?? []).some(({ partition, position }) => is(partition, position.toOffset())),
  );
}

/** `over`: asked before each batch, with the one before it. */
function stopsWhen(task: SourceTask, over: (last: SourceBatch | null) => boolean): Stopping {
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  let last: SourceBatch | null = null;
  const read = async (signal: AbortSignal): Promise<SourceBatch | null> => {
    if (!over(last)) {
      last = await task.read(signal);
      return last;
    }
    resolve();
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  };
  return { stopped, task: withRead(task, read) };
}

function withRead(task: SourceTask, read: SourceTask['read']): SourceTask {
  return {
    open: (start) => task.open(start),
    read,
    committed: (partition, position) => task.committed?.(partition, position) ?? Promise.resolve(),
    close: () => task.close(),
  };
}
