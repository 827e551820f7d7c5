import { metricSet } from '../sample.ts';

/**
 * Kafka Connect's metrics by its own names (`ConnectMetricsRegistry`), in the form that the Prometheus
 * exporter of a JVM gives them: `kafka_connect_<group>_<name>`, dashes as underscores.
 */

const CONNECTOR = ['connector'];
const TASK = ['connector', 'task'];

export const connectorMetrics = metricSet('kafka_connect_connector_metrics_', CONNECTOR, {
  status: ['1', 'State of a connector, in the label: 1.', ['status']],
  connector_type: ['1', 'Whether a connector is a source or a sink, in the label: 1.', ['type']],
  connector_class: ['1', 'Class of a connector, in the label: 1.', ['class']],
  connector_version: ['1', 'Version of a connector, in the label: 1.', ['version']],
});

export const connectorTaskMetrics = metricSet('kafka_connect_connector_task_metrics_', TASK, {
  status: ['1', 'State of a task, in the label: 1.', ['status']],
  running_ratio: ['1', 'Part of the time since its start that a task has been running.'],
  pause_ratio: ['1', 'Part of the time since its start that a task has been paused.'],
  offset_commit_max_time_ms: ['milliseconds', 'Longest offset commit of the last minute.'],
  offset_commit_avg_time_ms: ['milliseconds', 'Average offset commit of the last minute.'],
  offset_commit_failure_percentage: ['1', 'Part of a task’s offset commits that failed, 0 to 1.'],
  offset_commit_success_percentage: ['1', 'Part of a task’s offset commits that succeeded, 0 to 1.'],
  batch_size_max: ['records', 'Records of the largest batch of the last minute.'],
  batch_size_avg: ['records', 'Records of the average batch of the last minute.'],
});

export const sourceTaskMetrics = metricSet('kafka_connect_source_task_metrics_', TASK, {
  source_record_poll_rate: ['records per second', 'Records read from upstream, before transforms.'],
  source_record_poll_total: ['records', 'Records read from upstream, before transforms.'],
  source_record_write_rate: ['records per second', 'Records given to the hub, after transforms.'],
  source_record_write_total: ['records', 'Records given to the hub, after transforms.'],
  poll_batch_max_time_ms: ['milliseconds', 'Longest read of a batch in the last minute, waiting included.'],
  poll_batch_avg_time_ms: ['milliseconds', 'Average read of a batch in the last minute, waiting included.'],
  source_record_active_count: ['records', 'Records read and not durable in the hub yet.'],
  source_record_active_count_max: ['records', 'Most of them in the last minute.'],
  source_record_active_count_avg: ['records', 'Their average over the last minute.'],
  transaction_size_min: [
    'records',
    'Records of the smallest hub transaction of the last minute; 0 without transactions.',
  ],
  transaction_size_max: ['records', 'Records of the largest hub transaction of the last minute.'],
  transaction_size_avg: ['records', 'Records of the average hub transaction of the last minute.'],
});

export const sinkTaskMetrics = metricSet('kafka_connect_sink_task_metrics_', TASK, {
  sink_record_read_rate: ['records per second', 'Records read from the hub, before transforms.'],
  sink_record_read_total: ['records', 'Records read from the hub, before transforms.'],
  sink_record_send_rate: ['records per second', 'Records that the connector has taken.'],
  sink_record_send_total: ['records', 'Records that the connector has taken.'],
  sink_record_lag_max: ['records', 'How far the furthest partition is behind the end of its topic.'],
  partition_count: ['partitions', 'Topic partitions of a task.'],
  offset_commit_seq_no: ['commits', 'Number of the last offset commit.'],
  offset_commit_completion_total: ['commits', 'Offset commits that were done.'],
  offset_commit_skip_total: ['commits', 'Times to commit at which nothing new was durable.'],
  put_batch_max_time_ms: ['milliseconds', 'Longest write of a batch in the last minute.'],
  put_batch_avg_time_ms: ['milliseconds', 'Average write of a batch in the last minute.'],
  sink_record_active_count: ['records', 'Records taken and not committed yet.'],
  sink_record_active_count_max: ['records', 'Most of them in the last minute.'],
  sink_record_active_count_avg: ['records', 'Their average over the last minute.'],
});

export const taskErrorMetrics = metricSet('kafka_connect_task_error_metrics_', TASK, {
  total_record_failures: ['records', 'Records that could not be processed.'],
  total_record_errors: ['records', 'Records that could not be processed, and were not tried again.'],
  total_records_skipped: ['records', 'Records that went to the dead letters instead.'],
  total_retries: ['retries', 'Writes offered again to a sink, and starts of a failed task by itself.'],
  deadletterqueue_produce_requests: ['records', 'Records written to the dead-letter topic.'],
  deadletterqueue_produce_failures: ['records', 'Always 0: a dead letter that cannot be written stops the task.'],
  last_error_timestamp: ['milliseconds since 1970', 'When the last record could not be processed; 0: never.'],
});

export const workerMetrics = metricSet('kafka_connect_connect_worker_metrics_', [], {
  connector_count: ['connectors', 'Connectors that run here.'],
  task_count: ['tasks', 'Tasks that run here.'],
  connector_startup_attempts_total: ['starts', 'Starts of connectors.'],
  connector_startup_success_total: ['starts', 'Starts of connectors that succeeded.'],
  connector_startup_failure_total: ['starts', 'Starts of connectors that failed.'],
  connector_startup_success_percentage: ['1', 'Part of the starts of connectors that succeeded, 0 to 1.'],
  connector_startup_failure_percentage: ['1', 'Part of the starts of connectors that failed, 0 to 1.'],
  task_startup_attempts_total: ['starts', 'Starts of tasks.'],
  task_startup_success_total: ['starts', 'Starts of tasks that succeeded.'],
  task_startup_failure_total: ['starts', 'Starts of tasks that failed.'],
  task_startup_success_percentage: ['1', 'Part of the starts of tasks that succeeded, 0 to 1.'],
  task_startup_failure_percentage: ['1', 'Part of the starts of tasks that failed, 0 to 1.'],
  connector_total_task_count: ['tasks', 'Tasks of a connector.', CONNECTOR],
  connector_running_task_count: ['tasks', 'Its tasks that run.', CONNECTOR],
  connector_paused_task_count: ['tasks', 'Its tasks that are paused.', CONNECTOR],
  connector_failed_task_count: ['tasks', 'Its tasks that have failed.', CONNECTOR],
  connector_unassigned_task_count: ['tasks', 'Its tasks that are starting.', CONNECTOR],
  connector_destroyed_task_count: ['tasks', 'Its tasks that have ended or were stopped.', CONNECTOR],
  connector_restarting_task_count: ['tasks', 'Its tasks that are being restarted by order.', CONNECTOR],
});

/** Groups and names of Kafka Connect that say nothing here, and why. */
export const WITHOUT_MEANING: Readonly<Record<string, string>> = {
  'connect-worker-rebalance-metrics': 'one worker runs everything: there is no rebalance, no leader and no epoch',
  'connect-coordinator-metrics': 'the same; assigned-connectors and assigned-tasks are connector-count and task-count',
  'sink-task-metrics: offset-commit-completion-rate, offset-commit-skip-rate': 'rate() of the totals says it',
  'task-error-metrics: total-errors-logged': 'a tolerated error is a dead letter, and counted as one',
};
