import { option } from '../../../runtime/connector/options.ts';

const group = 'Snapshot';

/** The first rows. */
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
      doc: 'always: at every start. initial: where no offset is stored. initial_only: and end after it. no_data (schema_only, never): only what changes. when_needed: also where the server no longer has the place of the offset. recovery (schema_only_recovery): go on from the stored offset; there is no schema history to rebuild.',
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
  'snapshot.max.threads': option.int({
    doc: 'Connections that read at once, on one snapshot.',
    group,
    displayName: 'Snapshot connections',
    default: 1,
    minimum: 1,
    maximum: 64,
  }),
  'snapshot.lock.timeout.ms': option.long({
    doc: 'Longest wait for the lock, in milliseconds.',
    group,
    displayName: 'Lock timeout',
    default: 10_000,
    minimum: 0,
  }),
  'snapshot.delay.ms': option.long({
    doc: 'Milliseconds to wait before a snapshot.',
    importance: 'LOW',
    group,
    displayName: 'Snapshot delay',
    default: 0,
    minimum: 0,
  }),
  'snapshot.include.collection.list': option.string({
    doc: 'Regular expressions of the captured tables (database.table) to read; by default all.',
    group,
    displayName: 'Tables to read',
    optional: true,
  }),
  'snapshot.select.statement.overrides': option.string({
    doc: 'Tables (database.table, …) that are read by a SELECT of their own: snapshot.select.statement.overrides.<database.table>. It must give all columns, in the table’s order.',
    group,
    displayName: 'SELECT overrides',
    optional: true,
  }),
  'millrace.snapshot.chunk.rows': option.int({
    doc: 'Rows of a chunk that several connections cut large tables into.',
    importance: 'LOW',
    group,
    displayName: 'Chunk size',
    default: 200_000,
    minimum: 1,
  }),
  'incremental.snapshot.chunk.size': option.int({
    doc: 'Most rows of a chunk that is read beside the stream; 16 MiB at most.',
    group,
    displayName: 'Incremental chunk size',
    default: 1024,
    minimum: 1,
  }),
  'signal.data.collection': option.string({
    doc: 'Captured table (database.table) whose inserted rows are signals.',
    group,
    displayName: 'Signal table',
    optional: true,
  }),
  'signal.enabled.channels': option.string({
    doc: 'Channels of signals. Only source, the signal table.',
    group,
    displayName: 'Signal channels',
    default: 'source',
  }),
};
