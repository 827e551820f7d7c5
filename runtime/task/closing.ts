import type { TaskRunContext } from './task-run-context.ts';
import { messageOf } from '../record/thrown.ts';

/** How long a connector's task may take for what must end now: closing, or a read that was aborted. */
export const CLOSING_MS = 5000;

/** Whether the promise settles, either way, within the time. Never rejects. */
export function settlesWithin(
  { env }: Pick<TaskRunContext, 'env'>,
  ms: number,
  promise: Promise<unknown>,
): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = env.timers.after(ms, () => late.resolve(false));
  const settled = promise.then(
    () => true,
    () => true,
  );
  return Promise.race([settled, late.promise]).finally(() => timer.cancel());
}

/** Closes a connector's task: a failure is logged, and one that never ends makes the task a hung one. */
export async function closeTask(context: TaskRunContext, task: { close(): Promise<void> }): Promise<void> {
  const closing = close(context, task);
  if (!(await settlesWithin(context, CLOSING_MS, closing))) context.hung(`close() did not end within ${CLOSING_MS} ms`);
}

async function close({ report }: TaskRunContext, task: { close(): Promise<void> }): Promise<void> {
  try {
    await task.close();
  } catch (error) {
    report.log.warn(`closing the task: ${messageOf(error)}`, { error });
  }
}
