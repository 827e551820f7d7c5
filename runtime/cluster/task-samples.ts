import type { LabelValues, Metric, Sample } from '../observe/sample.ts';
import { metricName } from '../observe/sample.ts';
import { connectorGauge, passed, taskMetrics, totals } from '../observe/metrics/tasks.ts';
import type { TaskState, TaskView } from '../task/host.ts';
import { STAGES } from '../task/stage-clock.ts';
import { connectSamples } from './connect-samples.ts';
import { debeziumSamples } from './debezium-samples.ts';
import type { HerderFigures } from './herder-figures.ts';
import { standingOf } from './state-info.ts';

const STATES: readonly TaskState[] = ['STARTING', 'RUNNING', 'PAUSED', 'STOPPED', 'FAILED', 'ENDED'];

/** Counters that an alert looks at are there before there is anything to count. */
const FROM_ZERO = { dead_letters_total: 0, restarts_total: 0, thread_restarts_total: 0, write_retries_total: 0 };

/** A task that runs here, as it is measured. */
export interface MeasuredTask {
  readonly connector: string;
  readonly task: number;
  readonly kind: string;
  readonly view: TaskView;
}

/** Measurements of the connectors and tasks that run here. */
export function* taskSamples(herder: HerderFigures, nowMs: number): Generator<Sample> {
  const tasks = [...herder.views()].flatMap(([connector, list]) => {
    const kind = herder.typeOf(connector);
    return list.map((view, task): MeasuredTask => ({ connector, task, kind, view }));
  });
  yield { metric: totals.connectors, labels: {}, value: herder.names().length };
  for (const state of STATES) {
    const value = tasks.filter(({ view }) => view.state === state).length;
    yield { metric: totals.tasks, labels: { state }, value };
  }
  for (const task of tasks) {
    yield* ownSamples(herder, task, nowMs);
    yield* gaugeSamples(task);
  }
  yield* connectSamples(herder, tasks);
  yield* debeziumSamples(herder, tasks, nowMs);
}

function* ownSamples(
  herder: HerderFigures,
  { connector, task, kind, view }: MeasuredTask,
  nowMs: number,
): Generator<Sample> {
  const labels = { connector, task };
  const one = (metric: Metric, value: number, more: LabelValues = {}): Sample => ({
    metric,
    labels: { ...labels, ...more },
    value,
  });
  const stall = herder.stalls.stall(connector, task);
  const standing = standingOf(view, stall);
  const { profile } = view;
  yield one(kind === 'sink' ? passed.sink_record_send_total : passed.source_record_write_total, view.records);
  yield one(kind === 'sink' ? passed.sink_bytes_send_total : passed.source_bytes_write_total, view.bytes);
  yield one(taskMetrics.status, 1, { state: view.state });
  if (standing !== null) yield one(taskMetrics.standing, 1, { standing });
  yield one(taskMetrics.stalled, stall === null ? 0 : 1, { stage: stall?.stage ?? '' });
  yield one(taskMetrics.stall_restarts_total, herder.stalls.restarts(connector, task));
  yield one(taskMetrics.progress_age_seconds, Math.max(0, nowMs - view.progressMs) / 1000);
  yield one(taskMetrics.records_per_second, view.recordsPerSecond);
  yield one(taskMetrics.queued_bytes, view.queuedBytes);
  yield one(taskMetrics.warnings, Object.keys(view.warnings).length);
  const { lag_records: records, lag_bytes: bytes, lag_ms: ms } = view.gauges;
  if (records !== undefined) yield one(taskMetrics.lag_records, records);
  if (bytes !== undefined) yield one(taskMetrics.lag_bytes, bytes);
  if (ms !== undefined) yield one(taskMetrics.lag_seconds, ms / 1000);
  if (profile === undefined) return;
  yield one(taskMetrics.bytes_per_second, profile.bytesPerSecond);
  yield one(taskMetrics.queue_limit_bytes, profile.queueLimitBytes);
  yield one(taskMetrics.event_loop_delay_seconds, profile.figures.loop_delay_ms / 1000);
  yield one(taskMetrics.event_loop_utilization, profile.figures.loop_utilization_ratio);
  for (const [queue, held] of Object.entries(profile.queues)) yield one(taskMetrics.queue_bytes, held, { queue });
  for (const stage of STAGES) {
    const spentMs = profile.stageMs[stage];
    if (spentMs !== undefined) yield one(taskMetrics.stage_seconds_total, spentMs / 1000, { stage });
  }
}

function* gaugeSamples({ connector, task, view }: MeasuredTask): Generator<Sample> {
  for (const [name, value] of Object.entries({ ...FROM_ZERO, ...view.gauges })) {
    const metric = connectorGauge(metricName(name));
    if (metric !== undefined) yield { metric, labels: { connector, task }, value };
  }
}
