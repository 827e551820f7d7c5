import { metricName, type Sample } from '../observe/sample.ts';
import type { TaskState, TaskView } from '../task/host.ts';
import type { Herder } from './herder.ts';

const STATES: readonly TaskState[] = ['STARTING', 'RUNNING', 'PAUSED', 'STOPPED', 'FAILED', 'ENDED'];

/** Measurements of the connectors and tasks that run here. */
export function* taskSamples(herder: Herder, nowMs: number): Generator<Sample> {
  const views = herder.views();
  const tasks = [...views].flatMap(([connector, list]) => list.map((view, task) => ({ connector, task, view })));
  yield { name: 'millrace_connector_count', help: 'Connectors stored.', value: herder.names().length };
  for (const state of STATES) {
    const value = tasks.filter(({ view }) => view.state === state).length;
    yield { name: 'millrace_task_count', help: 'Tasks of this worker by state.', labels: { state }, value };
  }
  for (const { connector, task, view } of tasks) {
    const kind = herder.typeOf(connector);
    yield* viewSamples({ connector, task }, kind, view, nowMs);
  }
}

function* viewSamples(
  labels: { readonly connector: string; readonly task: number },
  kind: string,
  view: TaskView,
  nowMs: number,
): Generator<Sample> {
  const written = kind === 'sink' ? 'millrace_sink_record_send_total' : 'millrace_source_record_write_total';
  const bytes = kind === 'sink' ? 'millrace_sink_bytes_send_total' : 'millrace_source_bytes_write_total';
  yield { name: written, help: 'Records a task has passed on durably.', labels, value: view.records };
  yield { name: bytes, help: 'Bytes a task has passed on durably.', labels, value: view.bytes };
  yield {
    name: 'millrace_task_records_per_second',
    help: 'Records per second over the last seconds.',
    labels,
    value: view.recordsPerSecond,
  };
  yield {
    name: 'millrace_task_queued_bytes',
    help: 'Bytes taken and not yet durable.',
    labels,
    value: view.queuedBytes,
  };
  yield {
    name: 'millrace_task_progress_age_seconds',
    help: 'Time since offsets moved or idleness was proved.',
    labels,
    value: Math.max(0, nowMs - view.progressMs) / 1000,
  };
  yield {
    name: 'millrace_task_status',
    help: 'State of a task: 1.',
    labels: { ...labels, state: view.state },
    value: 1,
  };
  yield {
    name: 'millrace_task_warning_count',
    help: 'Warnings that stand.',
    labels,
    value: Object.keys(view.warnings).length,
  };
  for (const [name, value] of Object.entries(view.gauges)) {
    yield { name: `millrace_connector_${metricName(name)}`, help: `Gauge ${name} of a task.`, labels, value };
  }
}
