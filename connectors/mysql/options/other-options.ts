import {
  CompatibilityOptions,
  inertFamily,
  PLUGGED,
  type OtherOption,
} from '../../../runtime/change/options/compatibility-options.ts';

const marks = 'Nothing is written to mark a chunk: its place in the binlog is known.';
const history =
  'No DDL is parsed: the binlog describes its tables itself, or (MySQL 5.7) the catalogue does, in a topic of the hub.';

const others: readonly OtherOption[] = [
  { key: 'binlog.buffer.size', default: '0', doc: 'A rollback after rows went out stops the task with a named error.' },
  { key: 'binlog.net.read.timeout', default: '0', doc: 'A silent connection is noticed by the server’s heartbeats.' },
  { key: 'binlog.net.write.timeout', default: '0', doc: 'The server is asked to wait for 600 s.' },
  { key: 'use.nongraceful.disconnect', default: 'false', doc: 'The binlog connection is always cut.' },
  { key: 'snapshot.max.threads.multiplier', default: '1', doc: 'Chunks are cut by millrace.snapshot.chunk.rows.' },
  { key: 'legacy.snapshot.max.threads', default: 'false', doc: 'Chunks are cut by millrace.snapshot.chunk.rows.' },
  {
    key: 'snapshot.tables.order.by.row.count',
    default: 'disabled',
    doc: 'Tables are read in the order of their names.',
  },
  { key: 'database.server.id.offset', default: '10000', doc: 'Snapshots need no numbers of their own.' },
  { key: 'database.query.timeout.ms', default: '600000', doc: 'Statements but those of the snapshot are short.' },
  { key: 'connection.validation.timeout.ms', default: '60000', doc: 'connect.timeout.ms counts.' },
  { key: 'ddl.parser.type', default: 'default', doc: history },
  { key: 'inconsistent.schema.handling.mode', default: 'fail', doc: history },
  { key: 'resolve.create.table.like.schema', doc: history },
  { key: 'schema.history.internal', doc: history },
  { key: 'enable.time.adjuster', default: 'true', doc: 'The server stores years with four digits.' },
  {
    key: 'table.ignore.builtin',
    default: 'true',
    equal: ['true'],
    doc: 'The server’s own databases are never captured.',
    refuse: 'Remove it: the server’s own databases are never captured.',
  },
  { key: 'signal.emit.failure.max.retries', doc: marks },
  { key: 'signal.emit.failure.backoff.ms', doc: marks },
  { key: 'incremental.snapshot.watermarking.strategy', default: 'insert_insert', doc: marks },
  {
    key: 'incremental.snapshot.allow.schema.changes',
    default: 'false',
    doc: 'A chunk whose table changed is read again.',
  },
  { key: 'read.only', default: 'false', doc: 'Nothing is ever written.' },
  {
    key: 'gtid.ignore.on.recovery',
    equal: ['false'],
    default: 'false',
    doc: 'GTIDs are used where the server has them.',
    refuse: 'Remove it: GTIDs are used where the server has them.',
  },
  {
    key: 'event.deserialization.failure.handling.mode',
    default: 'fail',
    equal: ['fail'],
    doc: 'What happens to an event that cannot be read.',
    refuse: 'Remove it: nothing is skipped.',
  },
  { key: 'event.converting.failure.handling.mode', default: 'warn', doc: 'Every value of a known type can be shown.' },
  {
    key: 'snapshot.isolation.mode',
    default: 'repeatable_read',
    equal: ['repeatable_read', 'serializable'],
    doc: 'Isolation of the snapshot: repeatable read.',
    refuse: 'Remove it: a snapshot is read in repeatable read.',
  },
  {
    key: 'topic.naming.strategy',
    equal: ['io.debezium.schema.SchemaTopicNamingStrategy', 'io.debezium.schema.DefaultTopicNamingStrategy'],
    doc: 'How topics are named: <prefix>.<database>.<table>.',
    refuse: 'Remove it, and rename topics by a transform (RegexRouter).',
  },
  { key: 'sourceinfo.struct.maker', equal: [''], doc: PLUGGED, why: PLUGGED, refuse: 'Remove it.' },
  { key: 'post.processors', equal: [''], doc: PLUGGED, why: PLUGGED, refuse: 'Remove it.' },
  {
    key: 'database.ssl.keystore',
    equal: [''],
    doc: 'A Java key store.',
    refuse: 'Use millrace.database.ssl.cert and .key, which are PEM files.',
  },
  {
    key: 'database.ssl.truststore',
    equal: [''],
    doc: 'A Java key store.',
    refuse: 'Use millrace.database.ssl.ca, which is a PEM file.',
  },
];

/** Debezium's options that do not change what the MySQL and MariaDB source does. */
export const otherOptions = new CompatibilityOptions('database', others, [
  inertFamily(
    /^signal\.(?:kafka|consumer|file)\b.*$/,
    'signal.kafka.* signal.consumer.* signal.file',
    'Only the signal table is read.',
  ),
  inertFamily(
    /^(?:schema\.history\.internal|database\.history)\..+$/,
    'schema.history.internal.* database.history.*',
    `${history} The topic is written through the hub, so there is no client of its own to set up.`,
  ),
  inertFamily(
    /^(?:driver|database\.jdbc|database\.protocol|database\.ssl\.(?:key|trust)store)\..+$/,
    'driver.* database.jdbc.* database.protocol database.ssl.keystore.* database.ssl.truststore.*',
    'Of the Java driver.',
  ),
]);
