import { records, type RecordCursor } from '../../hub/batch/record-cursor.ts';
import type { Hub } from '../../hub/port.ts';
import type { TopicPartition } from '../../record/record.ts';

const WAIT_MS = 1000;

/**
 * Calls `visit` for every committed record of a topic, up to the end it has now: partition by
 * partition, in offset order; where the topic has grown, first what came before, as keys belong to other
 * partitions since. Works on a hub that is open for reading only.
 */
export async function readTopic(
  hub: Hub,
  topic: string,
  signal: AbortSignal,
  visit: (record: RecordCursor, partition: number) => void,
): Promise<void> {
  const description = await hub.admin.describe(topic);
  const growths = (description?.growths ?? []).map(({ offset }) => offset);
  for (const [stage, to] of [...growths, null].entries()) {
    for (let partition = 0; partition < (description?.partitions ?? 0); partition++) {
      await readPartition(hub, { topic, partition }, signal, visit, { from: growths[stage - 1] ?? 0n, to });
    }
  }
}

/** As {@link readTopic}, of one partition; `within`: from one offset up to, and without, another (null: the end). */
export async function readPartition(
  hub: Hub,
  { topic, partition }: TopicPartition,
  signal: AbortSignal,
  visit: (record: RecordCursor, partition: number) => void,
  within: { readonly from: bigint; readonly to: bigint | null } = { from: 0n, to: null },
): Promise<void> {
  const bounds = await hub.admin.offsets({ topic, partition }, 'read_committed');
  const earliest = bounds.earliest > within.from ? bounds.earliest : within.from;
  const latest = within.to !== null && within.to < bounds.latest ? within.to : bounds.latest;
  if (earliest >= latest) return;
  const reader = await hub.reader({ isolation: 'read_committed', maxBytes: 4 * 1024 * 1024 });
  try {
    reader.assign([{ topic, partition, offset: earliest }]);
    let next = earliest;
    while (next < latest) {
      const batches = await reader.read(WAIT_MS, signal);
      for (const { bytes } of batches) {
        for (const record of records(bytes))
          if (record.offset >= next && record.offset < latest) visit(record, partition);
      }
      next = reader.position(topic, partition);
    }
  } finally {
    await reader.close();
  }
}
