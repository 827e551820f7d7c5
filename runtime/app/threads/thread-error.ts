import { errnoOf } from '../../env/errno.ts';
import { MillraceError } from '../../record/error.ts';
import { messageOf } from '../../record/thrown.ts';
import { packError, type PackedError } from '../../record/packed-error.ts';

const UNUSABLE = new Set(['ENOENT', 'ENOTDIR', 'EEXIST', 'EACCES', 'EPERM', 'EROFS', 'ENAMETOOLONG', 'ELOOP']);

/** Why the hub cannot be opened: where its directory cannot be one, by the option that names it. */
export function hubError(error: unknown, path: string): unknown {
  if (error instanceof MillraceError || !UNUSABLE.has(errnoOf(error) ?? '')) return error;
  return new MillraceError('HUB_PATH_UNUSABLE', `the hub cannot be kept in ${path}: ${messageOf(error)}`, {
    kind: 'config',
    key: 'millrace.hub.path',
    remedy: 'Name a directory that this user may make or write, on a disk; its parent may be missing too.',
    cause: error,
  });
}

/** What failed in a thread of its own, for the thread that started it. */
export function threadError(error: unknown): PackedError {
  if (error instanceof MillraceError) return packError(error);
  const message = messageOf(error);
  return packError(new MillraceError('THREAD_FAILED', message, { kind: 'bug' }));
}
