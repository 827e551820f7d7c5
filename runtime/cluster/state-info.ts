import type { StoredStatus } from '../store/statuses.ts';
import type { TaskView } from '../task/host.ts';
import type { StateInfo, TaskProgress, TaskStateInfo } from './answers.ts';

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
export function taskProgress(view: TaskView): Omit<TaskProgress, 'id'> {
  return {
    state: view.state,
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

/** The first line of a trace and its remedy: what stands in a list. */
export function traceSummary(trace: string): string {
  const lines = trace.split('\n');
  const remedy = lines.find((line) => line.startsWith('Remedy: '));
  const first = (lines[0] ?? '').replace(/^([A-Z_\d]+: )?[A-Za-z]*Error: /, '$1');
  return remedy === undefined ? first : `${first} ${remedy}`;
}
