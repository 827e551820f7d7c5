import { metricSet } from '../sample.ts';

/**
 * Debezium's metrics by its names, in the form its own example of a Prometheus exporter gives them:
 * `debezium_metrics_<Attribute>` with the connector's plugin, its topic prefix and the context.
 */
const LABELS = ['plugin', 'name', 'context', 'connector', 'task'];

export const streamingMetrics = metricSet('debezium_metrics_', LABELS, {
  Connected: ['1', '1 while the task runs and is not connecting anew.'],
  MilliSecondsBehindSource: ['milliseconds', 'Time between a commit upstream and its reading here; 0 at the end.'],
  NumberOfCommittedTransactions: ['transactions', 'Transactions read since the start of the task.'],
  MilliSecondsSinceLastEvent: ['milliseconds', 'Time since offsets moved or idleness was proved.'],
  TotalNumberOfEventsSeen: ['records', 'Records read since the start of the task.'],
  NumberOfErroneousEvents: ['records', 'Records that could not be processed.'],
  MaxQueueSizeInBytes: ['bytes', 'Most bytes read and not durable.'],
  CurrentQueueSizeInBytes: ['bytes', 'Bytes read and not durable.'],
});

export const snapshotMetrics = metricSet('debezium_metrics_', LABELS, {
  SnapshotRunning: ['1', '1 while chunks of the snapshot are left.'],
  SnapshotCompleted: ['1', '1 once all are read.'],
  RowsScanned: ['rows', 'Rows read by the snapshot, of all tables.'],
  TableChunkCounts: ['chunks', 'Chunks of the snapshot, of all tables.'],
  TableChunksCompletedCounts: ['chunks', 'Those of them that are read.'],
});

/** Attributes that are not exported, and why. */
export const DEBEZIUM_WITHOUT: Readonly<Record<string, string>> = {
  'LastEvent, SourceEventPosition, LastTransactionId, CapturedTables':
    'texts; the offset is in `GET /connectors/{c}/offsets`',
  'QueueTotalCapacity, QueueRemainingCapacity': 'queues are bounded in bytes, not in records',
  'TotalNumberOf{Create,Update,Delete}EventsSeen, NumberOfEventsFiltered, NumberOfUnchangedEventsSkipped':
    'not counted one by one: a count per row and kind would be paid by every row',
  'MilliSecondsBehindSource Min, Max, Average, P50, P95, P99':
    'max_over_time() and quantile_over_time() of the gauge say it',
  'TotalTableCount, RemainingTableCount, SnapshotPaused, SnapshotAborted, SnapshotSkipped, SnapshotDurationInSeconds':
    'the snapshot’s unit here is the chunk; an aborted one goes on after a restart',
  'schema history':
    'there is one for MySQL 5.7 only: `millrace_connector_schema_history_tables`; elsewhere tables are read from the catalogue and the stream',
};
