import type { SinkRecord, SinkTask } from '../../../../runtime/connector/sink.ts';
import { topicPartitionName } from '../../../../runtime/record/record.ts';

/**
 * Reads a topic partition into a sink as the runner does: batches in order, seeks obeyed, the
 * durable offset kept; `assign: false` goes on where the task stands. Stops when all records were taken.
 */
export async function feed(
  task: SinkTask,
  topic: readonly SinkRecord[],
  {
    from = 0n,
    batch = 100,
    assign = true,
    committed = false,
  }: { from?: bigint; batch?: number; assign?: boolean; committed?: boolean } = {},
): Promise<{ durable: bigint; rejected: number }> {
  const [first] = topic;
  if (first === undefined) return { durable: from, rejected: 0 };
  const name = topicPartitionName(first);
  if (assign)
    await task.assign([{ partition: { topic: first.topic, partition: first.partition }, offset: from, committed }]);
  const signal = new AbortController().signal;
  let durable = from;
  let rejected = 0;
  let at = topic.findIndex((record) => record.offset >= from);
  while (at >= 0 && at < topic.length) {
    const result = await task.write(topic.slice(at, at + batch), signal);
    durable = result.durable.get(name) ?? durable;
    rejected += result.rejected?.length ?? 0;
    const seek = result.seek?.get(name);
    at = seek === undefined ? at + batch : topic.findIndex((record) => record.offset >= seek);
  }
  return { durable, rejected };
}
