import { snapshotMetrics, streamingMetrics } from '../observe/metrics/debezium.ts';
import type { Metric, Sample } from '../observe/sample.ts';
import type { HerderFigures } from './herder-figures.ts';
import type { MeasuredTask } from './task-samples.ts';

/** Database sources, and what Debezium calls them. */
const PLUGINS: Readonly<Record<string, string>> = { postgres: 'postgres', mysql: 'mysql', mariadb: 'mariadb' };

/** The metrics of Debezium that fit, of database sources. */
export function* debeziumSamples(
  herder: HerderFigures,
  tasks: readonly MeasuredTask[],
  nowMs: number,
): Generator<Sample> {
  for (const task of tasks) {
    const { className, prefix } = herder.about(task.connector);
    const plugin = PLUGINS[className];
    if (plugin === undefined) continue;
    const labels = { plugin, name: prefix ?? task.connector, connector: task.connector, task: task.task };
    const one =
      (context: string) =>
      (metric: Metric, value: number | undefined): Sample[] =>
        value === undefined ? [] : [{ metric, labels: { ...labels, context }, value }];
    yield* streaming(one('streaming'), task, nowMs);
    yield* snapshot(one('snapshot'), task);
  }
}

type Add = (metric: Metric, value: number | undefined) => readonly Sample[];

function* streaming(add: Add, { view }: MeasuredTask, nowMs: number): Generator<Sample> {
  const { gauges, profile, state, warnings } = view;
  const away = Object.keys(warnings).some((code) => code.endsWith('_RECONNECTING'));
  yield* add(streamingMetrics.Connected, state === 'RUNNING' && !away ? 1 : 0);
  yield* add(streamingMetrics.MilliSecondsBehindSource, gauges['lag_ms']);
  yield* add(streamingMetrics.NumberOfCommittedTransactions, gauges['transactions_total']);
  yield* add(streamingMetrics.MilliSecondsSinceLastEvent, Math.max(0, nowMs - view.progressMs));
  yield* add(streamingMetrics.TotalNumberOfEventsSeen, profile?.figures.records_in_total);
  yield* add(streamingMetrics.NumberOfErroneousEvents, gauges['dead_letters_total'] ?? 0);
  yield* add(streamingMetrics.MaxQueueSizeInBytes, profile?.queueLimitBytes);
  yield* add(streamingMetrics.CurrentQueueSizeInBytes, view.queuedBytes);
}

function* snapshot(add: Add, { view }: MeasuredTask): Generator<Sample> {
  const { snapshot_chunks_total: chunks, snapshot_chunks_done: done, snapshot_rows_done: rows } = view.gauges;
  if (chunks === undefined || done === undefined) return;
  yield* add(snapshotMetrics.SnapshotRunning, done < chunks ? 1 : 0);
  yield* add(snapshotMetrics.SnapshotCompleted, done < chunks ? 0 : 1);
  yield* add(snapshotMetrics.RowsScanned, rows);
  yield* add(snapshotMetrics.TableChunkCounts, chunks);
  yield* add(snapshotMetrics.TableChunksCompletedCounts, done);
}
