import type { Hub } from '../../hub/port.ts';

export interface SinkLag {
  /** Offsets between where the task reads on and the end, all partitions together. */
  readonly records: number;
  /** The same of the partition that is furthest behind. */
  readonly most: number;
  /** About how many bytes of the hub these are: as large as the partition's average. */
  readonly bytes: number;
}

/** How far the given positions are behind what a sink may read. */
export async function measureLag(
  hub: Hub,
  positions: readonly { readonly topic: string; readonly partition: number; readonly offset: bigint }[],
): Promise<SinkLag> {
  let records = 0;
  let most = 0;
  let bytes = 0;
  for (const { topic, partition, offset } of positions) {
    const { earliest, latest, sizeBytes } = await hub.admin.offsets({ topic, partition }, 'read_committed');
    if (latest <= offset) continue;
    const lag = Number(latest - offset);
    records += lag;
    most = Math.max(most, lag);
    bytes += Math.min(sizeBytes, (sizeBytes / Number(latest - earliest)) * lag);
  }
  return { records, most, bytes: Math.round(bytes) };
}
