import type { Env } from '../env/env.ts';
import type { Hub } from '../hub/port.ts';
import type { RedriveStore } from '../store/redrives.ts';
import type { SchemaCatalog } from '../store/schema-catalog.ts';
import type { Gate } from './gate.ts';
import type { TaskSpec } from './host.ts';
import type { TaskConverters } from './task-converters.ts';
import type { TaskReport } from './task-report.ts';

/** What a runner is given for one run of a task: from opening it to closing it, or to its failure. */
export interface TaskRunContext {
  readonly spec: TaskSpec;
  readonly env: Env;
  readonly hub: Hub;
  readonly converters: TaskConverters;
  readonly schemas: SchemaCatalog;
  /** Redrive jobs and what became of dead letters. */
  readonly redrives: () => Promise<RedriveStore>;
  readonly report: TaskReport;
  /** Shut while the task is paused. */
  readonly pause: Gate;
  /** Aborts when the task is asked to stop: take nothing new, finish what is under way. */
  readonly stop: AbortSignal;
  /** Aborts when there is no more time to finish. */
  readonly kill: AbortSignal;
  /** The task is open: it has what it needs to work. */
  readonly opened: () => void;
  /** The connector's code does not come back: its thread cannot be used for this task again. */
  readonly hung: (what: string) => void;
}

export type RunEnd = 'stopped' | 'ended';
