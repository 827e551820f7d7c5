import { snapshotOptions as sharedOptions } from '../../../runtime/change/options/snapshot-options.ts';
import { option } from '../../../runtime/connector/options.ts';

const group = 'Snapshot';

/** The first rows, and rows read again. */
export const snapshotOptions = {
  'snapshot.mode': option.oneOf(
    [
      'always',
      'initial',
      'initial_only',
      'no_data',
      'schema_only',
      'never',
      'when_needed',
      'recovery',
      'schema_only_recovery',
      'configuration_based',
      'custom',
    ],
    {
      doc: 'always: at every start. initial: where no offset is stored. initial_only: and end after it. no_data (schema_only, never): only what changes. when_needed: also where the server no longer has the place of the offset. recovery (schema_only_recovery): go on from the stored offset; a schema history (MySQL 5.7) is begun anew there.',
      group,
      displayName: 'Snapshot mode',
      default: 'initial',
    },
  ),
  'snapshot.locking.mode': option.oneOf(
    [
      'minimal',
      'extended',
      'none',
      'minimal_percona',
      'minimal_percona_no_table_locks',
      'minimal_at_least_once',
      'custom',
    ],
    {
      doc: 'minimal (also the minimal_… kinds): a global read lock (FLUSH TABLES WITH READ LOCK) for the moment in which the snapshot’s place is fixed, without one where the account may not. extended: for the whole snapshot. none: no lock.',
      group,
      displayName: 'Snapshot locking mode',
      default: 'minimal',
    },
  ),
  ...sharedOptions({
    container: 'database',
    lock: 'the lock',
    select: 'It must give all columns, in the table’s order.',
    chunk: 'Most rows of a chunk that is read beside the stream; 16 MiB at most.',
    signalTable: 'Captured table',
  }),
  'millrace.snapshot.chunk.rows': option.int({
    doc: 'Rows of a chunk that several connections cut large tables into.',
    importance: 'LOW',
    group,
    displayName: 'Chunk size',
    default: 200_000,
    minimum: 1,
  }),
};
