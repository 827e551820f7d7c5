import type { SourceOffset } from '../../runtime/connector/source.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import type { JsonObject } from '../../runtime/record/record.ts';

/*
 * Kafka Connect's offsets: partition {"filename": path}, offset {"position": bytes}. Beside it stands
 * whose position it is (D16): {"inode": text}; offsets without it are taken as they are.
 */
export interface FilePosition {
  readonly position: number;
  readonly inode: string | null;
}

export function filePartition(file: string): JsonObject {
  return { filename: file };
}

export function storedPosition(offsets: readonly SourceOffset[], file: string): FilePosition {
  const stored = offsets.find(({ partition }) => partition['filename'] === file);
  return stored === undefined ? { position: 0, inode: null } : positionOf(stored.offset);
}

/** Refuses what a task could not resume from. */
export function checkOffsets(
  offsets: readonly { readonly partition: JsonObject; readonly offset: JsonObject | null }[],
): void {
  for (const { partition, offset } of offsets) {
    if (typeof partition['filename'] !== 'string')
      throw wrong(`not a partition of a file source: ${JSON.stringify(partition)}`);
    if (offset !== null) positionOf(offset);
  }
}

function positionOf(offset: JsonObject): FilePosition {
  const { position, inode } = offset;
  if (typeof position !== 'number' || !Number.isSafeInteger(position) || position < 0) {
    throw wrong(`not an offset of a file source: ${JSON.stringify(offset)}`);
  }
  return { position, inode: typeof inode === 'string' ? inode : null };
}

function wrong(message: string): MillraceError {
  return new MillraceError('FILESTREAM_OFFSET', message, {
    kind: 'position',
    remedy: 'Give {"partition": {"filename": file}, "offset": {"position": bytes from the start}}.',
  });
}
