import { readHubTopic } from './read-hub-topic.ts';
import { hubPath, type WorkerPlace } from './worker-place.ts';

export interface FoldedTopic {
  /** `n` of each row by its `id`, as the records leave them: the last one of each key counts. */
  readonly rows: Map<number, number>;
  /** How often a snapshot has shown a key. */
  readonly reads: Map<number, number>;
}

/** What the topic of a table with `id` and `n` has come to. */
export async function foldedTopic(at: WorkerPlace, topic: string): Promise<FoldedTopic> {
  const rows = new Map<number, number>();
  const reads = new Map<number, number>();
  await readHubTopic(hubPath(at), topic, (record) => {
    const { id } = JSON.parse(record.key()?.toString() ?? '{}') as { id: number };
    const text = record.value()?.toString();
    if (text === undefined) return;
    const { after, op } = JSON.parse(text) as { op: string; after: { n: number } | null };
    if (after === null) rows.delete(id);
    else rows.set(id, after.n);
    if (op === 'r') reads.set(id, (reads.get(id) ?? 0) + 1);
  });
  return { rows, reads };
}
