import type { SinkRecord } from '../../runtime/connector/sink.ts';
import { MillraceError } from '../../runtime/record/error.ts';

export function nullValue(record: SinkRecord): MillraceError {
  const where = `${record.topic}-${record.partition}@${record.offset}`;
  return new MillraceError('S3_NULL_VALUE', `${where}: the record has no value`, {
    kind: 'data',
    key: 'behavior.on.null.values',
    remedy: 'Set millrace.envelope=true to keep tombstones with their keys, or behavior.on.null.values=ignore.',
  });
}

/** An error of this record alone; any other goes on to stop the task. */
export function dataError(error: unknown): MillraceError {
  if (error instanceof MillraceError && error.kind === 'data') return error;
  throw error;
}
