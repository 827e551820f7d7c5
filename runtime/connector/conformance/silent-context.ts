import type { Log, TaskContext } from '../context.ts';

const nothing = (): void => undefined;
const SILENT: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** A task context that nobody looks at. */
export function silentContext(connector: string): TaskContext {
  return {
    connector,
    task: 0,
    log: SILENT,
    stage: nothing,
    idle: nothing,
    gauge: nothing,
    info: nothing,
    warning: nothing,
  };
}
