import type { TaskState, TaskView } from '../task/host.ts';
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

export function traceOf(view: TaskView): string | null {
  return view.failure === undefined ? null : view.failure.trace;
}

/** Kafka Connect's `trace` of an error: message, stack, causes. */
export function errorTrace(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : '';
  const cause = error.cause === undefined ? '' : `\nCaused by: ${errorTrace(error.cause)}`;
  return `${code}${error.stack ?? error.message}${cause}`;
}
