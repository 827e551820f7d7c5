import type { TargetState } from '../store/configs.ts';
import type { ConnectorStateInfo, TaskProgress } from './answers.ts';
import { traceSummary } from './state-info.ts';

/**
 * millrace's own: whether a connector does what is wanted of it.
 *
 * - `healthy`: all its tasks run, or it is paused or stopped as wanted.
 * - `starting`: on its way; nothing has failed.
 * - `unhealthy`: it, or a task of it, has failed.
 */
export interface ConnectorHealth {
  readonly name: string;
  readonly status: 'healthy' | 'starting' | 'unhealthy';
  readonly message: string;
  readonly tasks: readonly TaskHealth[];
}

interface TaskHealth {
  readonly id: number;
  readonly state: string;
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
    const at = running.find((task) => task.id === id);
    const place =
      at === undefined ? {} : { stage: at.stage, stage_since_ms: at.stage_since_ms, progress_ms: at.progress_ms };
    return { id, state, ...(trace === undefined ? {} : { problem: traceSummary(trace) }), ...place };
  });
  const failed = tasks.filter(({ state }) => state === 'FAILED');
  if (status?.connector.state === 'FAILED') {
    return { name, status: 'unhealthy', message: traceSummary(status.connector.trace ?? 'It has failed.'), tasks };
  }
  if (failed.length > 0) {
    const problems = failed.map(({ id, problem }) => `task ${id}: ${problem ?? 'failed'}`);
    return { name, status: 'unhealthy', message: problems.join('\n'), tasks };
  }
  // A source that came to its end rests though it is wanted to run.
  const fits = (state: string | undefined): boolean => state === WANTED[target] || state === 'STOPPED';
  const complete = tasks.length >= planned && tasks.every(({ state }) => fits(state));
  if (status?.connector.state === WANTED[target] && complete) {
    return { name, status: 'healthy', message: `It is ${WANTED[target]}, as wanted.`, tasks };
  }
  return { name, status: 'starting', message: `It is on its way to ${WANTED[target]}.`, tasks };
}
