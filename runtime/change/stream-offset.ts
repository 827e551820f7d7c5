import type { SourceOffset } from '../connector/source.ts';
import { MillraceError } from '../record/error.ts';
import type { JsonObject } from '../record/record.ts';

/** Partitions of snapshots stand beside the stream's own: `{"server", "snapshot", …}` beside `{"server"}`. */
export function isSnapshot(partition: JsonObject): boolean {
  return partition['snapshot'] !== undefined;
}

/** The stored offset of the stream. `prefix`: `topic.prefix`, the server of its partition. */
export function streamOffset(prefix: string, offsets: readonly SourceOffset[]): JsonObject | undefined {
  return offsets.find(({ partition }) => partition['server'] === prefix && !isSnapshot(partition))?.offset;
}

/** Throws a `config` error of this code where a partition is another connector's. */
export function requireOwn(partition: JsonObject, prefix: string, code: string): void {
  if (partition['server'] === prefix) return;
  throw new MillraceError(code, `the partition ${JSON.stringify(partition)} is not of this connector`, {
    kind: 'config',
    remedy: `Use {"server": "${prefix}"}.`,
  });
}
