import {
  connectorMetrics,
  connectorTaskMetrics,
  sinkTaskMetrics,
  sourceTaskMetrics,
  taskErrorMetrics,
  workerMetrics,
} from '../observe/metrics/connect.ts';
import type { LabelValues, Metric, MetricSet, Sample } from '../observe/sample.ts';
import type { TaskView } from '../task/host.ts';
import type { Figures } from '../task/task-figures.ts';
import type { HerderFigures } from './herder-figures.ts';
import { runState } from './run-states.ts';
import type { StartCount } from './start-counts.ts';
import type { MeasuredTask } from './task-samples.ts';

/** The metrics of Kafka Connect, by its names. */
export function* connectSamples(herder: HerderFigures, tasks: readonly MeasuredTask[]): Generator<Sample> {
  yield* connectorSamples(herder);
  for (const task of tasks) {
    const labels = { connector: task.connector, task: task.task };
    const { view } = task;
    yield { metric: connectorTaskMetrics.status, labels: { ...labels, status: lower(runState(view.state)) }, value: 1 };
    yield* valued(taskErrorMetrics, labels, errors(view));
    const { profile } = view;
    if (profile === undefined) continue;
    yield* valued(connectorTaskMetrics, labels, everyTask(profile.figures));
    if (task.kind === 'sink') yield* valued(sinkTaskMetrics, labels, sinks(view, profile.figures));
    else yield* valued(sourceTaskMetrics, labels, sources(view, profile.figures));
  }
  yield* workerSamples(herder, tasks);
}

function* connectorSamples(herder: HerderFigures): Generator<Sample> {
  for (const connector of herder.names()) {
    const about = herder.about(connector);
    const info = (metric: Metric, label: LabelValues): Sample => ({
      metric,
      labels: { connector, ...label },
      value: 1,
    });
    yield info(connectorMetrics.status, { status: lower(about.state) });
    yield info(connectorMetrics.connector_type, { type: about.type });
    yield info(connectorMetrics.connector_class, { class: about.className });
    yield info(connectorMetrics.connector_version, { version: about.version });
  }
}

function everyTask(figures: Figures) {
  const wholeMs = Math.max(1, figures.running_ms + figures.paused_ms);
  const commits = figures.offset_commits_total + figures.offset_commit_failures_total;
  const failed = commits === 0 ? 0 : figures.offset_commit_failures_total / commits;
  return {
    running_ratio: figures.running_ms / wholeMs,
    pause_ratio: figures.paused_ms / wholeMs,
    offset_commit_max_time_ms: figures.offset_commit_time_max_ms,
    offset_commit_avg_time_ms: figures.offset_commit_time_avg_ms,
    offset_commit_failure_percentage: failed,
    offset_commit_success_percentage: commits === 0 ? 0 : 1 - failed,
    batch_size_max: figures.batch_size_max,
    batch_size_avg: figures.batch_size_avg,
  };
}

function sources({ records, recordsPerSecond }: TaskView, figures: Figures) {
  return {
    source_record_poll_rate: figures.records_in_per_second,
    source_record_poll_total: figures.records_in_total,
    source_record_write_rate: recordsPerSecond,
    source_record_write_total: records,
    poll_batch_max_time_ms: figures.batch_time_max_ms,
    poll_batch_avg_time_ms: figures.batch_time_avg_ms,
    source_record_active_count: figures.active_records,
    source_record_active_count_max: figures.active_records_max,
    source_record_active_count_avg: figures.active_records_avg,
    transaction_size_min: figures.transaction_size_min,
    transaction_size_max: figures.transaction_size_max,
    transaction_size_avg: figures.transaction_size_avg,
  };
}

function sinks({ records, recordsPerSecond, gauges }: TaskView, figures: Figures) {
  return {
    sink_record_read_rate: figures.records_in_per_second,
    sink_record_read_total: figures.records_in_total,
    sink_record_send_rate: recordsPerSecond,
    sink_record_send_total: records,
    sink_record_lag_max: gauges['lag_records_max'] ?? 0,
    partition_count: gauges['assigned_partitions'] ?? 0,
    offset_commit_seq_no: figures.offset_commits_total,
    offset_commit_completion_total: figures.offset_commits_total,
    offset_commit_skip_total: figures.offset_commit_skips_total,
    put_batch_max_time_ms: figures.batch_time_max_ms,
    put_batch_avg_time_ms: figures.batch_time_avg_ms,
    sink_record_active_count: figures.active_records,
    sink_record_active_count_max: figures.active_records_max,
    sink_record_active_count_avg: figures.active_records_avg,
  };
}

function errors({ gauges, profile }: TaskView) {
  const letters = gauges['dead_letters_total'] ?? 0;
  return {
    total_record_failures: letters,
    total_record_errors: letters,
    total_records_skipped: letters,
    total_retries: (gauges['write_retries_total'] ?? 0) + (gauges['restarts_total'] ?? 0),
    deadletterqueue_produce_requests: letters,
    deadletterqueue_produce_failures: 0,
    last_error_timestamp: profile?.figures.last_error_ms ?? 0,
  };
}

function* workerSamples(herder: HerderFigures, tasks: readonly MeasuredTask[]): Generator<Sample> {
  const byConnector = Map.groupBy(tasks, ({ connector }) => connector);
  const { connectors, tasks: starts } = herder.starts;
  const plain = {
    connector_count: byConnector.size,
    task_count: tasks.length,
    ...startFigures('connector', connectors),
    ...startFigures('task', starts),
  };
  yield* valued(workerMetrics, {}, plain);
  for (const [connector, list] of byConnector) {
    const count = (...states: readonly string[]): number =>
      list.filter(({ view }) => states.includes(view.state)).length;
    yield* valued(
      workerMetrics,
      { connector },
      {
        connector_total_task_count: list.length,
        connector_running_task_count: count('RUNNING'),
        connector_paused_task_count: count('PAUSED'),
        connector_failed_task_count: count('FAILED'),
        connector_unassigned_task_count: count('STARTING'),
        connector_destroyed_task_count: count('STOPPED', 'ENDED'),
        connector_restarting_task_count: herder.restarting(connector),
      },
    );
  }
}

function startFigures<const P extends 'connector' | 'task'>(of: P, { attempts, successes, failures }: StartCount) {
  const ended = Math.max(1, successes + failures);
  const values = {
    [`${of}_startup_attempts_total`]: attempts,
    [`${of}_startup_success_total`]: successes,
    [`${of}_startup_failure_total`]: failures,
    [`${of}_startup_success_percentage`]: successes / ended,
    [`${of}_startup_failure_percentage`]: failures / ended,
  };
  return values as Readonly<Record<`${P}_startup_${keyof typeof START_SUFFIXES}`, number>>;
}

const START_SUFFIXES = {
  attempts_total: 0,
  success_total: 0,
  failure_total: 0,
  success_percentage: 0,
  failure_percentage: 0,
};

function* valued<N extends string>(
  metrics: MetricSet<N>,
  labels: LabelValues,
  values: Partial<Readonly<Record<N, number>>>,
): Generator<Sample> {
  for (const [name, value] of Object.entries(values) as [N, number][]) yield { metric: metrics[name], labels, value };
}

function lower(state: string): string {
  return state.toLowerCase();
}
