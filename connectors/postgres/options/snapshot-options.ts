import { snapshotOptions as sharedOptions } from '../../../runtime/change/options/snapshot-options.ts';
import { option } from '../../../runtime/connector/options.ts';

const group = 'Snapshot';

/** The first rows, and rows read again. */
export const snapshotOptions = {
  'snapshot.mode': option.oneOf(
    ['always', 'initial', 'initial_only', 'no_data', 'never', 'when_needed', 'configuration_based', 'custom'],
    {
      doc: 'always: at every start. initial: where no offset is stored. initial_only: and end after it. no_data (never): only what changes. when_needed: also where the slot no longer fits the offset.',
      group,
      displayName: 'Snapshot mode',
      default: 'initial',
    },
  ),
  ...sharedOptions({
    container: 'schema',
    lock: 'the shared lock on a captured table',
    chunk: 'Rows of a chunk that is read beside the stream, at first.',
    signalTable: 'Table',
  }),
  'millrace.snapshot.chunk.bytes': option.long({
    doc: 'Size of a chunk that a snapshot cuts tables into: what a crash makes it read again.',
    importance: 'LOW',
    group,
    displayName: 'Chunk size',
    default: 33_554_432,
    minimum: 8192,
  }),
};
