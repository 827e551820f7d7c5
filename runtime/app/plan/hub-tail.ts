import { RE2JS } from 're2js';
import { RecordCursor } from '../../hub/batch/record-cursor.ts';
import type { Hub, HubReader } from '../../hub/port.ts';
import type { TopicPartition } from '../../record/record.ts';
import type { SchemaCatalog } from '../../store/schema-catalog.ts';
import type { RecordDecoder } from '../../task/sink/record-decoder.ts';
import { HubSinkRecord } from '../../task/sink/sink-record.ts';
import type { Topics } from '../../task/sink/sink-settings.ts';

/** Most bytes of batches looked at for one connector (I7). */
const MOST_BYTES = 32 * 1024 * 1024;
const FETCH_BYTES = 4 * 1024 * 1024;

export interface TailBatch {
  readonly of: TopicPartition;
  readonly bytes: Buffer;
  /** Records before it were not asked for. */
  readonly from: bigint;
}

export interface HubTail {
  readonly batches: readonly TailBatch[];
  /** Topics looked at. */
  readonly topics: readonly string[];
  readonly notes: readonly string[];
}

/** Whether a sink reads a topic. */
export function readsTopic(topics: Topics): (topic: string) => boolean {
  if ('names' in topics) return (topic) => topics.names.includes(topic);
  const pattern = RE2JS.compile(topics.pattern);
  return (topic) => pattern.matcher(topic).matches();
}

/** The end of each topic that a sink reads: of each partition the last `count` offsets. Reads no group's offsets, moves none. */
export async function hubTail(hub: Hub, topics: Topics, count: number, signal: AbortSignal): Promise<HubTail> {
  const reads = readsTopic(topics);
  const found = (await hub.admin.topics()).filter(({ name }) => reads(name));
  const missing = 'names' in topics ? topics.names.filter((name) => !found.some((topic) => topic.name === name)) : [];
  const notes = missing.map((name) => `the topic ${name} does not exist yet`);
  const reader = await hub.reader({ isolation: 'read_committed', maxBytes: FETCH_BYTES });
  try {
    const batches: TailBatch[] = [];
    let left = MOST_BYTES;
    for (const { name, partitions } of found) {
      for (let partition = 0; partition < partitions && left > 0; partition++) {
        const more = await partitionTail(hub, reader, { topic: name, partition }, count, signal);
        left -= more.reduce((sum, { bytes }) => sum + bytes.length, 0);
        batches.push(...more);
      }
    }
    if (left <= 0) notes.push(`only the first ${MOST_BYTES >> 20} MiB of the sample were looked at`);
    return { batches, topics: found.map(({ name }) => name), notes };
  } finally {
    await reader.close();
  }
}

async function partitionTail(
  hub: Hub,
  reader: HubReader,
  of: TopicPartition,
  count: number,
  signal: AbortSignal,
): Promise<TailBatch[]> {
  const { earliest, latest } = await hub.admin.offsets(of, 'read_committed');
  const wanted = latest - BigInt(count);
  const from = wanted > earliest ? wanted : earliest;
  if (from >= latest) return [];
  reader.assign([{ ...of, offset: from }]);
  const batches: TailBatch[] = [];
  let bytes = 0;
  while (bytes < MOST_BYTES && reader.position(of.topic, of.partition) < latest) {
    const read = await reader.read(0, signal);
    if (read.length === 0) break;
    for (const batch of read) {
      batches.push({ of, bytes: batch.bytes, from });
      bytes += batch.bytes.length;
    }
  }
  return batches;
}

/** The records of a tail as a sink gets them; of each topic the last `count` by time, in offset order. */
export async function tailRecords(
  { batches }: HubTail,
  decoder: RecordDecoder,
  catalog: Pick<SchemaCatalog, 'load'> | null,
  count: number,
): Promise<readonly HubSinkRecord[]> {
  const byTopic = new Map<string, HubSinkRecord[]>();
  for (const { of, bytes, from } of batches) {
    const cursor = new RecordCursor(bytes);
    const records = byTopic.get(of.topic) ?? [];
    byTopic.set(of.topic, records);
    while (cursor.next()) {
      if (cursor.offset < from) continue;
      if (decoder.isMissingSchema(cursor)) await catalog?.load();
      records.push(new HubSinkRecord(of.topic, of.partition, cursor, decoder));
    }
  }
  return [...byTopic.values()].flatMap((records) => latest(records, count));
}

function latest(records: readonly HubSinkRecord[], count: number): readonly HubSinkRecord[] {
  if (records.length <= count) return records;
  const kept = new Set(
    records.toSorted((a, b) => b.timestampMs - a.timestampMs || Number(b.offset - a.offset)).slice(0, count),
  );
  return records.filter((record) => kept.has(record));
}
