import type { ResourceLimits } from 'node:worker_threads';

/** Two halves of a third of it: 8 MiB of objects may survive a collection of the young ones. */
const YOUNG_GENERATION_MB = 24;

/**
 * Limits with which a thread that outgrows its heap ends alone. Node lets a heap that is at its limit grow by 16 MiB
 * while it ends the thread; V8 ends the whole process where more than that comes at once. So the young generation,
 * which may become old at one collection, is kept smaller than that; V8 would make it up to 96 MiB.
 * One allocation of more than 16 MiB (the table of a Map or an array of millions) at the limit still ends the process.
 */
export function heapLimits(maxHeapMb: number): ResourceLimits {
  return { maxOldGenerationSizeMb: maxHeapMb, maxYoungGenerationSizeMb: YOUNG_GENERATION_MB };
}
