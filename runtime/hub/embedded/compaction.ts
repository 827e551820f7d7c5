import type { CleanerParts } from './cleaner.ts';
import type { Partition } from './partition.ts';

export async function compactPartition(
  parts: CleanerParts,
  partition: Partition,
  nowMs: number,
  signal: AbortSignal,
): Promise<void> {
  void parts;
  void partition;
  void nowMs;
  void signal;
}
