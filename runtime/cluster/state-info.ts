import type { StoredStatus } from '../store/statuses.ts';
import type { TaskView } from '../task/host.ts';
import type { StallInfo, Standing, StateInfo, TaskProfileAnswer, TaskProgress, TaskStateInfo } from './answers.ts';
import type { Stall } from './stall-guard.ts';

type Shown = Omit<StoredStatus, 'generation'>;

/** A connector's stored state as `/status` shows it. */
export function stateInfo({ state, worker_id, version, trace }: Shown): StateInfo {
  return { state, worker_id, ...(version === null ? {} : { version }), ...(trace === null ? {} : { trace }) };
}

/** A task's. */
export function taskStateInfo(id: number, { state, worker_id, version, trace }: Shown): TaskStateInfo {
  return { id, state, worker_id, version, ...(trace === null ? {} : { trace }) };
}

/** Where a task stands, as `/progress` shows it. */
export function taskProgress(view: TaskView, stall: Stall | null): Omit<TaskProgress, 'id'> {
  const { profile } = view;
  const idle = profile?.idle ?? null;
  const standing = standingOf(view, stall);
  return {
    state: view.state,
    ...(profile === undefined ? {} : { at: stall?.stage ?? profile.at, at_since_ms: profile.atSinceMs }),
    ...(standing === null ? {} : { standing }),
    ...(idle === null || stall !== null ? {} : { idle }),
    ...(stall === null ? {} : { stalled: stallInfo(stall) }),
    stage: view.stage,
    stage_since_ms: view.stageSinceMs,
    progress_ms: view.progressMs,
    records: view.records,
    bytes: view.bytes,
    records_per_second: view.recordsPerSecond,
    queued_bytes: view.queuedBytes,
    gauges: view.gauges,
    info: view.info,
    warnings: view.warnings,
  };
}

/** Where a task's time goes, as `/profile` shows it; null before its thread has said anything. */
export function taskProfile(view: TaskView, stall: Stall | null): Omit<TaskProfileAnswer, 'id'> | null {
  const { profile } = view;
  if (profile === undefined) return null;
  return {
    state: view.state,
    at: stall?.stage ?? profile.at,
    at_since_ms: profile.atSinceMs,
    standing: standingOf(view, stall) ?? 'IDLE',
    shares: profile.shares,
    stage_ms: profile.stageMs,
    records_per_second: view.recordsPerSecond,
    bytes_per_second: profile.bytesPerSecond,
    queues: profile.queues,
    queue_limit_bytes: profile.queueLimitBytes,
    active_records: profile.figures.active_records,
    loop_delay_ms: profile.figures.loop_delay_ms,
    loop_utilization: profile.figures.loop_utilization_ratio,
  };
}

/** null: the task is not meant to move. */
export function standingOf({ state, profile }: TaskView, stall: Stall | null): Standing | null {
  if (stall !== null) return 'STALLED';
  if (state !== 'RUNNING') return null;
  if (profile?.at === 'throttled') return 'THROTTLED';
  return (profile?.idle ?? null) === null ? 'MOVING' : 'IDLE';
}

function stallInfo({ stage, sinceMs, problem }: Stall): StallInfo {
  return { stage, since_ms: sinceMs, ...(problem === null ? {} : { problem }) };
}

/** The first line of a trace and its remedy: what stands in a list. */
export function traceSummary(trace: string): string {
  const lines = trace.split('\n');
  const remedy = lines.find((line) => line.startsWith('Remedy: '));
  const first = (lines[0] ?? '').replace(/^([A-Z_\d]+: )?[A-Za-z]*Error: /, '$1');
  return remedy === undefined ? first : `${first} ${remedy}`;
}
