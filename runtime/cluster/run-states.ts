import type { TaskState } from '../task/host.ts';
import type { RunState } from '../store/statuses.ts';

/** A task's state in the words of Kafka Connect. */
export function runState(state: TaskState): RunState {
  switch (state) {
    case 'STARTING':
      return 'UNASSIGNED';
    case 'RUNNING':
      return 'RUNNING';
    case 'PAUSED':
      return 'PAUSED';
    case 'FAILED':
      return 'FAILED';
    // A source that came to its end, or was asked to stop, rests.
    case 'STOPPED':
    case 'ENDED':
      return 'STOPPED';
  }
}
