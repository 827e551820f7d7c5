import type { SourceOffset } from '../connector/source.ts';
import type { JsonObject } from '../record/record.ts';

/** Partitions of snapshots stand beside the stream's own: `{"server", "snapshot", …}` beside `{"server"}`. */
export function isSnapshot(partition: JsonObject): boolean {
  return partition['snapshot'] !== undefined;
}

/** The stored offset of the stream. `prefix`: `topic.prefix`, the server of its partition. */
export function streamOffset(prefix: string, offsets: readonly SourceOffset[]): JsonObject | undefined {
  return offsets.find(({ partition }) => partition['server'] === prefix && !isSnapshot(partition))?.offset;
}
