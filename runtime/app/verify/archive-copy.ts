import type { RawConfig } from '../../connector/options.ts';
import type { Env } from '../../env/env.ts';
import type { Hub } from '../../hub/port.ts';
import { MillraceError } from '../../record/error.ts';
import type { ArchiveFormat } from './archive-sql.ts';
import { readArchive } from './archive-state.ts';
import { OffsetRanges, type OffsetRange } from './offset-ranges.ts';
import { readPartition } from './read-topic.ts';
import { readsTopic, untilReached, type PartitionEnd } from './sink-reach.ts';
import type { NamedCopy } from './verify.ts';

/** Where an archive is, and who writes it. */
export interface Archive {
  readonly name: string;
  /** The sink that writes it; undefined: a folder whose writer is not known, taken as it is. */
  readonly sink?: { readonly name: string; readonly config: RawConfig };
  /** Local paths of the files of a topic. */
  files(topic: string): Promise<readonly string[]>;
}

export interface ArchiveCopyOptions {
  readonly hub: Hub;
  readonly env: Env;
  readonly archive: Archive;
  /** How long the sink may take to archive what the topics hold now. */
  readonly waitMs: number;
}

/** An archive as a copy to verify: ready once its sink has committed everything the topics hold now. */
export function archiveCopy({ hub, env, archive, waitMs }: ArchiveCopyOptions): NamedCopy {
  const { sink } = archive;
  let ends: readonly PartitionEnd[] = [];
  return {
    name: archive.name,
    holds: (topic) => sink === undefined || readsTopic(sink.config, topic),
    async ready(topics, signal) {
      if (sink === undefined) return;
      const remedy = ' and when it closes its files (rotate.schedule.interval.ms)';
      ends = await untilReached({ hub, env, sink, waitMs, remedy }, topics, signal);
    },
    read: async (table, truth, signal) => {
      const { format, files } = dataFiles(archive.name, table.topic, await archive.files(table.topic));
      const of = ends.filter(({ topic }) => topic === table.topic);
      const expected = sink === undefined || leavesOut(sink.config) ? [] : await recordsBefore(hub, of, signal);
      return readArchive({ files, format, table, truth, expected });
    },
  };
}

/** Whether records may be left out of the archive on purpose. */
function leavesOut(config: RawConfig): boolean {
  if ((config['transforms'] ?? '').trim() !== '' || config['errors.tolerance'] === 'all') return true;
  return config['consumer.override.auto.offset.reset'] === 'latest';
}

/** Every record that the hub still has of what the sink has committed. */
async function recordsBefore(
  hub: Hub,
  ends: readonly PartitionEnd[],
  signal: AbortSignal,
): Promise<readonly OffsetRange[]> {
  const ranges = new OffsetRanges();
  for (const { topic, partition, offset } of ends) {
    await readPartition(hub, { topic, partition }, signal, (record) => {
      if (record.offset < offset) ranges.add(partition, record.offset);
    });
  }
  return ranges.all();
}

/** The files that hold records, and their format; companions (`.keys.json`) left out. */
function dataFiles(
  archive: string,
  topic: string,
  paths: readonly string[],
): { readonly format: ArchiveFormat; readonly files: readonly string[] } {
  const json = paths.filter((path) => /\.json(\.gz|\.zst)?$/.test(path) && !/\.(keys|headers)\.json/.test(path));
  const parquet = paths.filter((path) => path.endsWith('.parquet'));
  if (json.length === 0) return { format: 'parquet', files: parquet };
  if (parquet.length === 0) return { format: 'json', files: json };
  throw new MillraceError('VERIFY_ARCHIVE_MIXED', `${archive} holds JSON Lines and Parquet files of ${topic}`, {
    kind: 'config',
    key: '--archive',
    remedy: 'Name the folder of one archive, or the sink that writes it.',
  });
}
