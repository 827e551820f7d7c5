import {
  CompatibilityOptions,
  inertFamily,
  PLUGGED,
  type OtherOption,
} from '../../../runtime/change/options/compatibility-options.ts';

const others: readonly OtherOption[] = [
  { key: 'snapshot.max.threads.multiplier', default: '1', doc: 'Chunks are cut by size.' },
  { key: 'legacy.snapshot.max.threads', default: 'false', doc: 'Chunks are cut by size.' },
  {
    key: 'snapshot.tables.order.by.row.count',
    default: 'disabled',
    doc: 'Chunks of all tables are read side by side.',
  },
  { key: 'include.schema.changes', default: 'true', doc: 'Postgres has no schema change topic.' },
  {
    key: 'schema.refresh.mode',
    default: 'columns_diff',
    doc: 'A table is read anew when the stream says that it changed.',
  },
  { key: 'xmin.fetch.interval.ms', default: '0', doc: 'source.xmin is always null.' },
  { key: 'flush.lsn.source', default: 'true', doc: 'See lsn.flush.mode.' },
  { key: 'lsn.flush.timeout.ms', default: '30000', doc: 'The server is told without waiting for it.' },
  { key: 'lsn.flush.timeout.action', default: 'fail', doc: 'The server is told without waiting for it.' },
  {
    key: 'incremental.snapshot.watermarking.strategy',
    default: 'insert_insert',
    doc: 'Marks are logical messages, not rows of the signal table.',
  },
  { key: 'incremental.snapshot.allow.schema.changes', default: 'false', doc: 'A table that changed is read again.' },
  { key: 'signal.emit.failure.max.retries', doc: 'Marks are logical messages, not rows of the signal table.' },
  { key: 'signal.emit.failure.backoff.ms', doc: 'Marks are logical messages, not rows of the signal table.' },
  { key: 'read.only', default: 'false', doc: 'Nothing but slot, publication and logical messages is ever written.' },
  { key: 'database.sslfactory', doc: 'It names a Java class; TLS is set up by database.ssl*.' },
  {
    key: 'snapshot.isolation.mode',
    default: 'serializable',
    equal: ['serializable', 'repeatable_read'],
    doc: 'Isolation of the snapshot: repeatable read of one exported snapshot.',
    refuse: 'Remove it: a snapshot is always read at one exported snapshot.',
  },
  {
    key: 'snapshot.locking.mode',
    default: 'none',
    equal: ['none', 'shared'],
    doc: 'Captured tables are locked in ACCESS SHARE, which stops no reader or writer.',
    refuse: 'Use none or shared.',
  },
  {
    key: 'lsn.flush.mode',
    default: 'connector',
    equal: ['connector', 'connector_and_driver'],
    doc: 'The slot moves once records and offset are durable in the hub.',
    refuse: 'Use connector: somebody who moves the slot by hand may lose changes.',
  },
  {
    key: 'topic.naming.strategy',
    default: 'io.debezium.schema.SchemaTopicNamingStrategy',
    equal: ['io.debezium.schema.SchemaTopicNamingStrategy', 'io.debezium.schema.DefaultTopicNamingStrategy'],
    doc: 'How topics are named: <prefix>.<schema>.<table>.',
    refuse: 'Remove it, and rename topics by a transform (RegexRouter).',
  },
  {
    key: 'sourceinfo.struct.maker',
    equal: ['io.debezium.connector.postgresql.PostgresSourceInfoStructMaker'],
    doc: PLUGGED,
    why: PLUGGED,
    refuse: 'Remove it.',
  },
  {
    key: 'post.processors',
    equal: [''],
    doc: PLUGGED,
    why: PLUGGED,
    refuse: 'Remove it; for whole rows set REPLICA IDENTITY FULL.',
  },
  { key: 'signal.file', doc: 'The file channel is not supported.' },
  { key: 'signal.kafka.topic', doc: 'The kafka channel is not supported.' },
];

/** Debezium's options that do not change what the Postgres source does. */
export const otherOptions = new CompatibilityOptions('schema', others, [
  inertFamily(
    /^signal\.(kafka|consumer)\..+$/,
    'signal.kafka.* signal.consumer.*',
    'The kafka channel is not supported.',
  ),
  inertFamily(
    /^(?:driver|schema\.history\.internal|database\.history)\..+$/,
    'driver.* schema.history.internal.* database.history.*',
    'Not used for Postgres here.',
  ),
]);
