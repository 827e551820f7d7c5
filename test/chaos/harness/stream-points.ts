import { TASK_CRASH_POINTS } from '../../../runtime/task/crash-points.ts';
import type { Delivery } from '../history/checker.ts';

/** Crash points that a running stream passes; a transaction's own only where there are any. */
export function streamPoints(delivery: Delivery): readonly string[] {
  return TASK_CRASH_POINTS.filter((point) => {
    if (point.startsWith('redrive.')) return false;
    return point !== 'source.after_commit' || delivery === 'exactly-once';
  });
}
