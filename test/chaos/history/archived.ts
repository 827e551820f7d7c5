import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ArchivedRecord {
  readonly partition: number;
  readonly offset: number;
  readonly value: string | undefined;
}

/** Records of a topic in a JSON Lines archive with envelopes, in file order. */
export function readArchived(folder: string, topic: string): ArchivedRecord[] {
  const files = globSync('**/*.json', { cwd: join(folder, 'topics', topic) }).sort();
  return files.flatMap((file) => {
    const lines = readFileSync(join(folder, 'topics', topic, file), 'utf8').split('\n');
    return lines
      .filter((line) => line !== '')
      .map((line) => {
        const { partition, offset, value } = JSON.parse(line) as { partition: number; offset: number; value: unknown };
        return { partition, offset, value: value === null ? undefined : JSON.stringify(value) };
      });
  });
}

/** Offsets that are archived twice, and those below the last one that the hub has but the archive lacks. */
export function archiveFaults(
  archived: readonly ArchivedRecord[],
  hubOffsets: readonly number[],
): { readonly twice: readonly number[]; readonly missing: readonly number[] } {
  const seen = new Set<number>();
  const twice: number[] = [];
  for (const { offset } of archived) {
    if (seen.has(offset)) twice.push(offset);
    seen.add(offset);
  }
  let last = -1;
  for (const offset of seen) last = Math.max(last, offset);
  return { twice, missing: hubOffsets.filter((offset) => offset <= last && !seen.has(offset)) };
}
