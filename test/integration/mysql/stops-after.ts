import type { SourceBatch, SourceTask } from '../../../runtime/connector/source.ts';

/** A task that gives so many batches, and then nothing more. */
export function stopsAfter(task: SourceTask, batches: number): { task: SourceTask; stopped: Promise<void> } {
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  let left = batches;
  const read = async (signal: AbortSignal): Promise<SourceBatch | null> => {
    if (left-- > 0) return task.read(signal);
    resolve();
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  };
  return {
    stopped,
    task: {
      open: (start) => task.open(start),
      read,
      committed: (partition, position) => task.committed?.(partition, position) ?? Promise.resolve(),
      close: () => task.close(),
    },
  };
}
