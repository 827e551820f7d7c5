import { RE2JS } from 're2js';
import type { RawConfig } from '../../connector/options.ts';
import type { Env } from '../../env/env.ts';
import type { Hub } from '../../hub/port.ts';
import { MillraceError } from '../../record/error.ts';
import { sinkGroup } from '../../task/sink/sink-group.ts';

const POLL_MS = 100;

/** One past the last committed record of a partition. */
export interface PartitionEnd {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

export interface SinkReach {
  readonly hub: Hub;
  readonly env: Env;
  readonly sink: { readonly name: string; readonly config: RawConfig };
  /** How long the sink may take. */
  readonly waitMs: number;
  /** What makes it slow, beside the status of its tasks. */
  readonly remedy: string;
}

/** Waits until a sink has committed everything that the topics hold now; returns where that ends. */
export async function untilReached(
  of: SinkReach,
  topics: readonly string[],
  signal: AbortSignal,
): Promise<readonly PartitionEnd[]> {
  const { hub, env, sink, waitMs } = of;
  const ends = await endsOf(hub, topics);
  const group = sinkGroup(sink.name, sink.config);
  const deadline = env.clock.monotonicMs() + waitMs;
  for (;;) {
    const behind = await firstBehind(hub, group, ends);
    if (behind === undefined) return ends;
    if (env.clock.monotonicMs() > deadline) throw notReached(of, behind);
    await env.timers.sleep(POLL_MS, signal);
  }
}

/** Whether a sink reads a topic: see `topics` and `topics.regex`. */
export function readsTopic(config: RawConfig, topic: string): boolean {
  const names = (config['topics'] ?? '').split(',').map((name) => name.trim());
  if (names.some((name) => name !== '')) return names.includes(topic);
  return RE2JS.compile((config['topics.regex'] ?? '').trim()).matches(topic);
}

async function endsOf(hub: Hub, topics: readonly string[]): Promise<PartitionEnd[]> {
  const ends: PartitionEnd[] = [];
  for (const topic of topics) {
    const description = await hub.admin.describe(topic);
    for (let partition = 0; partition < (description?.partitions ?? 0); partition++) {
      const { earliest, latest } = await hub.admin.offsets({ topic, partition }, 'read_committed');
      if (latest > earliest) ends.push({ topic, partition, offset: latest });
    }
  }
  return ends;
}

async function firstBehind(hub: Hub, group: string, ends: readonly PartitionEnd[]): Promise<PartitionEnd | undefined> {
  const committed = await hub.groups.offsets(group);
  return ends.find(
    (end) =>
      !committed.some((at) => at.topic === end.topic && at.partition === end.partition && at.offset >= end.offset),
  );
}

function notReached({ sink, waitMs, remedy }: SinkReach, end: PartitionEnd): MillraceError {
  const where = `${end.topic}-${end.partition}`;
  return new MillraceError(
    'VERIFY_BEHIND',
    `${sink.name} did not write ${where} up to offset ${end.offset} within ${waitMs} ms`,
    { kind: 'unavailable', remedy: `See the status of ${sink.name}${remedy}, or wait longer (--wait).` },
  );
}
