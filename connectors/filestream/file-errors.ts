import type { FileHandle } from 'node:fs/promises';
import { errnoOf } from '../../runtime/env/errno.ts';
import type { Env } from '../../runtime/env/env.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import { journalPath } from './journal.ts';

export async function openForAppending(env: Env, path: string): Promise<FileHandle> {
  try {
    return await env.files.open(path, 'a');
  } catch (error) {
    throw new MillraceError('FILESTREAM_UNWRITABLE', `opening ${path}: ${String(error)}`, {
      kind: 'config',
      key: 'file',
      remedy: 'Set file to one that can be written, in a folder that exists.',
      cause: error,
    });
  }
}

export function shortened(path: string, size: number, length: number): MillraceError {
  return changed(`${path} has ${size} bytes; ${length} were written to it`, path);
}

export function changedFile(path: string, length: number): MillraceError {
  return changed(`${path} is another file: before byte ${length} stands something else than what was written`, path);
}

export function changedMeanwhile(path: string, how: string): MillraceError {
  return new MillraceError(
    'FILESTREAM_FILE_CHANGED',
    `${path} was ${how}; with exactly-once nobody else may write it`,
    {
      kind: 'position',
      key: 'file',
      remedy: `See what else writes ${path}, another connector perhaps, then restart the task: what is behind its last known length is cut off and written again.`,
    },
  );
}

function changed(what: string, path: string): MillraceError {
  const journal = journalPath(path);
  return new MillraceError('FILESTREAM_FILE_CHANGED', what, {
    kind: 'position',
    key: 'file',
    remedy: `Put the file back. Or remove ${journal}: the file is then kept as it is, and what was committed is not written again.`,
  });
}

export function unwritable(path: string, error: unknown): MillraceError {
  const isFull = ['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '');
  return new MillraceError('FILESTREAM_WRITE_FAILED', `writing ${path}: ${String(error)}`, {
    kind: isFull ? 'full' : 'unavailable',
    remedy: isFull ? 'Free disk space.' : `See whether ${path} can be written.`,
    cause: error,
  });
}
