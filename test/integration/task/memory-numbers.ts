import { BatchBuilder } from '../../../runtime/hub/batch/batch-builder.ts';
import type { Hub } from '../../../runtime/hub/port.ts';
import type { MemoryTarget } from './memory-sink.ts';

/** Puts records `{"n":from}` … into partition 0. */
export async function fillTopic(hub: Hub, from: number, to: number, topic = 'memory'): Promise<void> {
  const producer = await hub.producer({ acks: 'all', createTopics: () => ({ partitions: 1 }) });
  await producer.partitions(topic);
  const builder = new BatchBuilder();
  for (let n = from; n < to; n++) builder.add(n, Buffer.from(String(n)), Buffer.from(JSON.stringify({ n })));
  await producer.append(topic, 0, builder.finish());
  await producer.close();
}

/** One record `{"n":n}`, without a key. */
export function numberBatch(n: number): Buffer {
  const builder = new BatchBuilder();
  builder.add(n, null, Buffer.from(JSON.stringify({ n })));
  return builder.finish();
}

/** Of the first partition that the group has an offset of; -1: of none. */
export async function committedOffset(hub: Hub, group = 'connect-sink'): Promise<number> {
  return Number((await hub.groups.offsets(group))[0]?.offset ?? -1n);
}

export function numbersOf({ written }: MemoryTarget): number[] {
  return written.map(({ value }) => Number((value as ReadonlyMap<string, unknown>).get('n')));
}
