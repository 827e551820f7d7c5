import type { Metric } from '../sample.ts';
import {
  connectorMetrics,
  connectorTaskMetrics,
  sinkTaskMetrics,
  sourceTaskMetrics,
  taskErrorMetrics,
  workerMetrics,
} from './connect.ts';
import { snapshotMetrics, streamingMetrics } from './debezium.ts';
import { hubMetrics } from './hub.ts';
import { connectorGauges, passed, taskMetrics, totals } from './tasks.ts';

/** Every metric of millrace's own, in the groups and the order of `docs/metrics.md`. */
export const METRIC_GROUPS: readonly { readonly title: string; readonly metrics: readonly Metric[] }[] = [
  { title: 'Tasks', metrics: [...list(totals), ...list(taskMetrics), ...list(passed)] },
  { title: 'Gauges of connectors', metrics: list(connectorGauges) },
  { title: 'Hub', metrics: list(hubMetrics) },
  { title: 'Kafka Connect: connector-metrics', metrics: list(connectorMetrics) },
  { title: 'Kafka Connect: connector-task-metrics', metrics: list(connectorTaskMetrics) },
  { title: 'Kafka Connect: source-task-metrics', metrics: list(sourceTaskMetrics) },
  { title: 'Kafka Connect: sink-task-metrics', metrics: list(sinkTaskMetrics) },
  { title: 'Kafka Connect: task-error-metrics', metrics: list(taskErrorMetrics) },
  { title: 'Kafka Connect: connect-worker-metrics', metrics: list(workerMetrics) },
  { title: 'Debezium: streaming', metrics: list(streamingMetrics) },
  { title: 'Debezium: snapshot', metrics: list(snapshotMetrics) },
];

function list(set: Readonly<Record<string, Metric>>): readonly Metric[] {
  return Object.values(set);
}
