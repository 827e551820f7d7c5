import type { SinkRecord } from '../../runtime/connector/sink.ts';
import { MillraceError } from '../../runtime/record/error.ts';

/** `topic-partition@offset`, as errors of one record begin. */
export function placeOf({ topic, partition, offset }: Pick<SinkRecord, 'topic' | 'partition' | 'offset'>): string {
  return `${topic}-${partition}@${offset}`;
}

/** An error of one record alone. */
export function rejected(
  record: SinkRecord,
  code: string,
  problem: string,
  advice: { readonly key?: string; readonly remedy?: string } = {},
): MillraceError {
  return new MillraceError(code, `${placeOf(record)}: ${problem}`, { kind: 'data', ...advice });
}

/** An error of this record alone; any other goes on to stop the task. */
export function dataError(error: unknown): MillraceError {
  if (error instanceof MillraceError && error.kind === 'data') return error;
  throw error;
}
