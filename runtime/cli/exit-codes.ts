import { MillraceError, type ErrorKind } from '../record/error.ts';

/** Exit statuses of every command. Stable; `docs/reference/cli.md` shows this table. */
export const EXIT = {
  ok: { code: 0, meaning: 'Done.' },
  failure: {
    code: 1,
    meaning: 'Failed; for `verify`: differences were found; for `apply --plan`: something stands against the changes.',
  },
  usage: { code: 2, meaning: 'Wrong usage or configuration; the message names the key.' },
  unreachable: { code: 3, meaning: 'A worker, database or store cannot be reached.' },
  missing: { code: 4, meaning: 'What was named does not exist.' },
  conflict: { code: 5, meaning: 'Contradicts the present state: exists already, in use, wrong state.' },
  changes: { code: 6, meaning: '`apply --plan`: there are changes, and nothing was found that stands against them.' },
  uncompared: { code: 7, meaning: '`verify`: no difference was found, but a table cannot be compared with its copy.' },
  interrupted: { code: 130, meaning: 'Interrupted by a second signal.' },
  killed: {
    code: 137,
    meaning:
      'Killed (SIGKILL): after a second signal by itself, where a native call that never returns kept it from ending for a second.',
  },
} as const;

const BY_KIND: Partial<Record<ErrorKind, number>> = {
  config: EXIT.usage.code,
  unavailable: EXIT.unreachable.code,
  throttled: EXIT.unreachable.code,
  missing: EXIT.missing.code,
  conflict: EXIT.conflict.code,
  busy: EXIT.conflict.code,
  fenced: EXIT.conflict.code,
};

export function exitCodeOf(error: unknown): number {
  return (error instanceof MillraceError ? BY_KIND[error.kind] : undefined) ?? EXIT.failure.code;
}
