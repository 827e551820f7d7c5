import type { Planner } from '../../rest/plan-answers.ts';
import type { Rewinder } from '../../rest/rewind-answers.ts';
import type { RewinderOptions } from '../rewind/worker-rewinder.ts';
import type { PlannerOptions } from './worker-planner.ts';

/** Planner and rewinder, loaded when first asked: a worker that is only run does without. */
export function changes(options: PlannerOptions & RewinderOptions): { planner: Planner; rewinder: Rewinder } {
  let planner: Promise<Planner> | null = null;
  let rewinder: Promise<Rewinder> | null = null;
  const plans = (): Promise<Planner> =>
    (planner ??= import('./worker-planner.ts').then(({ WorkerPlanner }) => new WorkerPlanner(options)));
  const rewinds = (): Promise<Rewinder> =>
    (rewinder ??= import('../rewind/worker-rewinder.ts').then(({ WorkerRewinder }) => new WorkerRewinder(options)));
  return {
    planner: {
      plan: async (request, signal) => (await plans()).plan(request, signal),
      apply: async (request) => (await plans()).apply(request),
    },
    rewinder: { rewind: async (name, request, signal) => (await rewinds()).rewind(name, request, signal) },
  };
}
