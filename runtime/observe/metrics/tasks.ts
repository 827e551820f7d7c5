import { metricSet } from '../sample.ts';

const TASK = ['connector', 'task'];

/** What the worker knows of all of its tasks together. */
export const totals = metricSet('millrace_', [], {
  connectors: ['connectors', 'Connectors stored.'],
  tasks: ['tasks', 'Tasks of this worker by state.', ['state']],
});

/** What only one of the kinds has; the names before Connect's were there. */
export const passed = metricSet('millrace_', TASK, {
  source_record_write_total: ['records', 'Records a source task has passed on.'],
  source_bytes_write_total: ['bytes', 'Bytes of keys and values a source task has passed on.'],
  sink_record_send_total: ['records', 'Records a sink task has passed on.'],
  sink_bytes_send_total: ['bytes', 'Bytes of keys and values a sink task has passed on.'],
});

export const taskMetrics = metricSet('millrace_task_', TASK, {
  status: ['1', 'State of a task, in the label: 1.', ['state']],
  standing: ['1', 'Of a running task, in the label: MOVING, IDLE, THROTTLED or STALLED: 1.', ['standing']],
  stalled: [
    '1',
    '1 while a task makes no progress for millrace.stall.timeout.ms; the label says where it stands.',
    ['stage'],
  ],
  stall_restarts_total: ['restarts', 'Starts of a task by millrace.stall.action=restart.'],
  progress_age_seconds: ['seconds', 'Time since offsets moved or idleness was proved.'],
  stage_seconds_total: ['seconds', 'Time a task has spent in each stage; rate() is the share.', ['stage']],
  records_per_second: ['records per second', 'Records passed on, over the last seconds.'],
  bytes_per_second: ['bytes per second', 'Bytes of keys and values passed on, over the last seconds.'],
  queued_bytes: ['bytes', 'Bytes taken and not yet durable.'],
  queue_bytes: ['bytes', 'Bytes in each queue of a task.', ['queue']],
  queue_limit_bytes: ['bytes', 'Most bytes the queues of a task may hold together.'],
  lag_records: ['records', 'Records between where a task stands and the end; of sinks.'],
  lag_bytes: [
    'bytes',
    'Bytes between where a task stands and the end: of the hub for sinks (about), of the upstream log for sources that know.',
  ],
  lag_seconds: ['seconds', 'Age of the last record passed on while there are more; 0 at the end.'],
  warnings: ['warnings', 'Warnings that stand.'],
  event_loop_delay_seconds: [
    'seconds',
    'How late a timer on the thread of a task was at most in the last half minute to minute.',
  ],
  event_loop_utilization: ['1', 'Part of the last second that the thread of a task was busy, with all its tasks.'],
});

/** What connectors of ours say of themselves by {@link connectorGauge}. */
const CONNECTOR_GAUGES: Readonly<Record<string, readonly [unit: string, help: string]>> = {
  lag_ms: ['milliseconds', 'As millrace_task_lag_seconds.'],
  lag_bytes: ['bytes', 'As millrace_task_lag_bytes.'],
  lag_records: ['records', 'As millrace_task_lag_records.'],
  lag_records_max: ['records', 'Lag of the partition that is furthest behind; sinks.'],
  assigned_partitions: ['partitions', 'Topic partitions of a sink task.'],
  offset_commits_total: ['commits', 'Offset commits.'],
  write_retries_total: ['retries', 'Batches that a sink asked to be offered again.'],
  dead_letters_total: ['records', 'Records that went to the dead letters.'],
  redriven_total: ['records', 'Dead letters that were delivered after all.'],
  restarts_total: ['restarts', 'Starts of a failed task by itself.'],
  thread_restarts_total: ['restarts', 'Starts because the thread of a task was lost.'],
  retained_wal_bytes: ['bytes', 'postgres: WAL that the slot keeps on the server.'],
  safe_wal_bytes: ['bytes', 'postgres: WAL that may still be written before the slot is lost.'],
  transactions_total: ['transactions', 'postgres: transactions read from the stream.'],
  snapshot_rows_done: ['rows', 'postgres, mysql: rows read by the snapshot.'],
  snapshot_rows_estimated: ['rows', 'postgres, mysql: rows the snapshot has to read, by the server’s estimate.'],
  schema_history_tables: ['tables', 'mysql 5.7: tables whose structure is known by the schema history.'],
  snapshot_chunks_done: ['chunks', 'postgres, mysql: chunks of tables read by the snapshot.'],
  snapshot_chunks_total: ['chunks', 'postgres, mysql: chunks of tables the snapshot has.'],
  snapshot_eta_seconds: ['seconds', 'postgres, mysql: time the snapshot still needs at the speed so far.'],
  open_files: ['files', 's3: files being written.'],
  buffered_bytes: ['bytes', 's3: bytes held for them.'],
  closed_files_total: ['files', 's3: files that were completed.'],
  ignored_null_values_total: ['records', 's3: tombstones left out.'],
};

const PREFIX = 'millrace_connector_';
const KNOWN = metricSet(PREFIX, TASK, CONNECTOR_GAUGES);

/** The metric of a gauge that a connector sets itself; one we do not know of is known by its name only. */
export function connectorGauge(name: string) {
  const known = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined;
  return known ?? metricSet(PREFIX, TASK, { [name]: ['', `Gauge ${name} of a task.`] })[name];
}

export const connectorGauges = KNOWN;
