import { afterEach, beforeEach } from 'vitest';
import { MemoryTarget } from './memory-sink.ts';
import { TaskBench } from './task-bench.ts';

/** What each test of a sink has for itself: a hub with tasks, and what the sink writes to. */
export interface SinkBench {
  readonly bench: TaskBench;
  readonly target: MemoryTarget;
}

/** Made anew before each test of a file, and closed after it. */
export function useSinkBench(): SinkBench {
  let bench: TaskBench;
  let target: MemoryTarget;

  beforeEach(async () => {
    bench = await TaskBench.open();
    target = new MemoryTarget();
  });

  afterEach(() => bench.close());

  return {
    get bench() {
      return bench;
    },
    get target() {
      return target;
    },
  };
}
