import type { TargetState } from '../store/configs.ts';
import type { ConnectorStateInfo, StallInfo, Standing, TaskProgress } from './answers.ts';
import { traceSummary } from './state-info.ts';

/**
 * millrace's own: whether a connector does what is wanted of it.
 *
 * - `healthy`: all its tasks run, or it is paused or stopped as wanted.
 * - `starting`: on its way; nothing has failed.
 * - `stalled`: it runs, but a task of it makes no progress (I8).
 * - `unhealthy`: it, or a task of it, has failed.
 */
export interface ConnectorHealth {
  readonly name: string;
  readonly status: 'healthy' | 'starting' | 'stalled' | 'unhealthy';
  readonly message: string;
  readonly tasks: readonly TaskHealth[];
}

interface TaskHealth {
  readonly id: number;
  readonly state: string;
  /** Of a task that is meant to run: whether it does. */
  readonly standing?: Standing;
  /** One of the fixed stages. */
  readonly at?: string;
  /** Epoch milliseconds. */
  readonly at_since_ms?: number;
  /** How it is known that there is nothing to do. */
  readonly idle?: string;
  readonly stalled?: StallInfo;
  /** Why it has failed. */
  readonly problem?: string;
  /** In words; of a task that runs. */
  readonly stage?: string;
  /** Epoch milliseconds. */
  readonly stage_since_ms?: number;
  /** Last time offsets moved, or that idleness was proved; epoch milliseconds. */
  readonly progress_ms?: number;
}

interface HealthFacts {
  readonly name: string;
  readonly target: TargetState;
  /** Tasks it has by plan; those that have not started yet have no state. */
  readonly planned: number;
  /** null: nothing was ever said of it. */
  readonly status: ConnectorStateInfo | null;
  readonly tasks: readonly TaskProgress[];
}

const WANTED: Readonly<Record<TargetState, string>> = { STARTED: 'RUNNING', PAUSED: 'PAUSED', STOPPED: 'STOPPED' };

export function connectorHealth({ name, target, planned, status, tasks: running }: HealthFacts): ConnectorHealth {
  const tasks = (status?.tasks ?? []).map(({ id, state, trace }): TaskHealth => {
    const problem = trace === undefined ? {} : { problem: traceSummary(trace) };
    return { id, state, ...placeOf(running.find((task) => task.id === id)), ...problem };
  });
  const failed = tasks.filter(({ state }) => state === 'FAILED');
  if (status?.connector.state === 'FAILED') {
    return { name, status: 'unhealthy', message: traceSummary(status.connector.trace ?? 'It has failed.'), tasks };
  }
  if (failed.length > 0) {
    const problems = failed.map(({ id, problem }) => `task ${id}: ${problem ?? 'failed'}`);
    return { name, status: 'unhealthy', message: problems.join('\n'), tasks };
  }
  const stalled = tasks.filter((task) => task.stalled !== undefined);
  if (stalled.length > 0) {
    return { name, status: 'stalled', message: stalled.map(stallText).join('\n'), tasks };
  }
  // A source that came to its end rests though it is wanted to run.
  const fits = (state: string | undefined): boolean => state === WANTED[target] || state === 'STOPPED';
  const complete = tasks.length >= planned && tasks.every(({ state }) => fits(state));
  if (status?.connector.state === WANTED[target] && complete) {
    return { name, status: 'healthy', message: `It is ${WANTED[target]}, as wanted.`, tasks };
  }
  return { name, status: 'starting', message: `It is on its way to ${WANTED[target]}.`, tasks };
}

function placeOf(task: TaskProgress | undefined): Partial<TaskHealth> {
  if (task === undefined) return {};
  const { standing, at, at_since_ms, idle, stalled, stage, stage_since_ms, progress_ms } = task;
  return {
    ...(standing === undefined ? {} : { standing }),
    ...(at === undefined ? {} : { at }),
    ...(at_since_ms === undefined ? {} : { at_since_ms }),
    ...(idle === undefined ? {} : { idle }),
    ...(stalled === undefined ? {} : { stalled }),
    stage,
    stage_since_ms,
    progress_ms,
  };
}

/** `task 0: STALLED at writing: no progress since 2026-01-01T00:00:00.000Z` */
export function stallText({ id, stalled }: Pick<TaskHealth, 'id' | 'stalled'>): string {
  const { stage = 'an unknown stage', since_ms = 0, problem } = stalled ?? {};
  const since = new Date(since_ms).toISOString();
  return `task ${id}: STALLED at ${stage}: no progress since ${since}${problem === undefined ? '' : ` (${problem})`}`;
}
