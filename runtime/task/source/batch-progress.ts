import type { Progress, SourceBatch, SourceOffset } from '../../connector/source.ts';
import { RowBlock } from '../../record/row-block.ts';

/** The batch's progress; else made from its records: the last offset of each source partition counts. */
export function progressOf(batch: SourceBatch): readonly Progress[] {
  if (batch.progress !== undefined) return batch.progress;
  const progress: Progress[] = [];
  if (batch.records instanceof RowBlock) return progress;
  for (const { source } of batch.records) {
    if (source !== undefined)
      progress.push({ partition: source.partition, position: { toOffset: () => source.offset } });
  }
  return progress;
}

/** Where the source stands after the batch: the place of records that have none of their own. */
export function standingOf(batch: SourceBatch): SourceOffset | undefined {
  const last = batch.progress?.at(-1);
  return last === undefined ? undefined : { partition: last.partition, offset: last.position.toOffset() };
}
