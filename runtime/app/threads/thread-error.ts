import { MillraceError } from '../../record/error.ts';
import { messageOf } from '../../record/thrown.ts';
import { packError, type PackedError } from '../../record/packed-error.ts';

/** What failed in a thread of its own, for the thread that started it. */
export function threadError(error: unknown): PackedError {
  if (error instanceof MillraceError) return packError(error);
  const message = messageOf(error);
  return packError(new MillraceError('THREAD_FAILED', message, { kind: 'bug' }));
}
