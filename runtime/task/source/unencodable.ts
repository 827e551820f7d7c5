import { MillraceError } from '../../record/error.ts';
import { messageOf } from '../../record/thrown.ts';

/** Says of which topic the record is that could not be encoded; code and kind stay. */
export function unencodable(topic: string, cause: unknown): MillraceError {
  const reason = messageOf(cause);
  const known = cause instanceof MillraceError ? cause : undefined;
  return new MillraceError(known?.code ?? 'TASK_RECORD_UNENCODABLE', `encoding a record of topic ${topic}: ${reason}`, {
    kind: known?.kind ?? 'data',
    cause,
    ...(known?.key === undefined ? {} : { key: known.key }),
    ...(known?.remedy === undefined ? {} : { remedy: known.remedy }),
  });
}
