import type { SinkRejection } from './sink.ts';

/** Something a sink would write: an object, a file, a document. */
export interface PreviewedOutput {
  /** As it would be called in the target. */
  readonly name: string;
  readonly records: number;
  /** Whether it would be finished; false: it would wait for more records. */
  readonly complete: boolean;
}

/** What a sink would make of records, as if it began with the first of them. Written nowhere. */
export interface SinkPreview {
  /** In the order they would be begun. */
  readonly outputs: readonly PreviewedOutput[];
  readonly rejected: readonly SinkRejection[];
}
