import { option } from '../../connector/options.ts';
import { also } from './event-options.ts';

const group = 'Snapshot';

/** What a database calls the things that options speak of. */
export interface SnapshotWords {
  readonly container: 'schema' | 'database';
  /** What is waited for, with its article. */
  readonly lock: string;
  /** Added to what is said of a SELECT of one's own. */
  readonly select?: string;
  /** What the size of a chunk beside the stream is. */
  readonly chunk: string;
  /** `Table`, or what kind of. */
  readonly signalTable: string;
}

/** The first rows, and rows read again. The modes are each database's own. */
export function snapshotOptions(words: SnapshotWords) {
  const table = `${words.container}.table`;
  return {
    'snapshot.max.threads': option.int({
      doc: 'Connections that read at once, on one snapshot.',
      group,
      displayName: 'Snapshot connections',
      default: 1,
      minimum: 1,
      maximum: 64,
    }),
    'snapshot.lock.timeout.ms': option.long({
      doc: `Longest wait for ${words.lock}, in milliseconds.`,
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
      doc: `Regular expressions of the captured tables (${table}) to read; by default all.`,
      group,
      displayName: 'Tables to read',
      optional: true,
    }),
    'snapshot.select.statement.overrides': option.string({
      doc: `Tables (${table}, …) that are read by a SELECT of their own: snapshot.select.statement.overrides.<${table}>.${also(words.select)}`,
      group,
      displayName: 'SELECT overrides',
      optional: true,
    }),
    'incremental.snapshot.chunk.size': option.int({
      doc: words.chunk,
      group,
      displayName: 'Incremental chunk size',
      default: 1024,
      minimum: 1,
    }),
    'signal.data.collection': option.string({
      doc: `${words.signalTable} (${table}) whose inserted rows are signals.`,
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
}
