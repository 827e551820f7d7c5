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
  'snapshot.max.threads': option.int({
    doc: 'Connections that read at once, on one snapshot.',
    group,
    displayName: 'Snapshot connections',
    default: 1,
    minimum: 1,
    maximum: 64,
  }),
  'snapshot.lock.timeout.ms': option.long({
    doc: 'Longest wait for the shared lock on a captured table, in milliseconds.',
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
    doc: 'Regular expressions of the captured tables (schema.table) to read; by default all.',
    group,
    displayName: 'Tables to read',
    optional: true,
  }),
  'snapshot.select.statement.overrides': option.string({
    doc: 'Tables (schema.table, …) that are read by a SELECT of their own: snapshot.select.statement.overrides.<schema.table>.',
    group,
    displayName: 'SELECT overrides',
    optional: true,
  }),
  'millrace.snapshot.chunk.bytes': option.long({
    doc: 'Size of a chunk that a snapshot cuts tables into: what a crash makes it read again.',
    importance: 'LOW',
    group,
    displayName: 'Chunk size',
    default: 33_554_432,
    minimum: 8192,
  }),
  'incremental.snapshot.chunk.size': option.int({
    doc: 'Rows of a chunk that is read beside the stream, at first.',
    group,
    displayName: 'Incremental chunk size',
    default: 1024,
    minimum: 1,
  }),
  'signal.data.collection': option.string({
    doc: 'Table (schema.table) whose inserted rows are signals.',
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
