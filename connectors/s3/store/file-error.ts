import { errnoOf } from '../../../runtime/env/errno.ts';
import { MillraceError, type ErrorKind } from '../../../runtime/record/error.ts';
import { messageOf } from '../../../runtime/record/thrown.ts';

const FULL = new Set(['ENOSPC', 'EDQUOT']);
const DENIED = new Set(['EACCES', 'EPERM', 'EROFS']);
const SHAPE = new Set(['ENOTDIR', 'EISDIR', 'ENAMETOOLONG', 'ELOOP']);

/** A file system's error in our terms. */
export function fileError(doing: string, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  const code = errnoOf(error) ?? 'unknown';
  const [name, kind, remedy] = classify(code);
  return new MillraceError(name, `${doing}: ${messageOf(error)}`, {
    kind,
    remedy,
    key: 'store.url',
    cause: error,
  });
}

/** Why a folder cannot be made. ENOENT: those above it are there or were made, and the file system takes none (/proc). */
export function folderError(folder: string, error: unknown): MillraceError {
  const doing = `making ${folder}`;
  if (errnoOf(error) !== 'ENOENT') return fileError(doing, error);
  return new MillraceError('S3_FOLDER_DENIED', `${doing}: no folder can be made there`, {
    kind: 'permission',
    remedy: 'Point store.url at a file system that takes folders, then restart the task.',
    key: 'store.url',
    cause: error,
  });
}

function classify(code: string): [string, ErrorKind, string] {
  if (FULL.has(code))
    return ['S3_DISK_FULL', 'full', 'Free space on the disk of store.url; writing goes on by itself.'];
  if (DENIED.has(code))
    return ['S3_FOLDER_DENIED', 'permission', 'Give the worker write access to the folder of store.url.'];
  if (SHAPE.has(code)) return ['S3_FOLDER_INVALID', 'config', 'Point store.url at a folder.'];
  return ['S3_FOLDER_FAILED', 'unavailable', 'Check the disk or network share of store.url.'];
}
