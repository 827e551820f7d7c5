import type { SinkPreview } from '../../runtime/connector/preview.ts';
import type { SinkRecord, SinkRejection } from '../../runtime/connector/sink.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import { lineOf } from './line-of.ts';

/** How many lines the file would get, and what cannot become one. */
export function previewLines(file: string, records: readonly SinkRecord[]): SinkPreview {
  const rejected: SinkRejection[] = [];
  let lines = 0;
  for (const record of records) {
    try {
      lineOf(record);
      lines++;
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      rejected.push({ record, error });
    }
  }
  return { outputs: lines === 0 ? [] : [{ name: file, records: lines, complete: true }], rejected };
}
