import { COLUMN_RULE_KEYS } from '../../../runtime/change/column-rules.ts';
import { option, type OptionPattern, type RawConfig } from '../../../runtime/connector/options.ts';

/**
 * Debezium's options that do not change what we do. `equal`: values that stand for what we do anyway; others
 * are refused (`refuse`) or, where they only tune Debezium's inside, named and ignored.
 */
interface OtherOption {
  readonly key: string;
  readonly default?: string;
  readonly equal?: readonly string[];
  /** What to do instead; undefined: ignored without harm. */
  readonly refuse?: string;
  /** Why it cannot be done, where `refuse` does not say it. */
  readonly why?: string;
  readonly doc: string;
}

const queue = 'Debezium’s queue; millrace bounds a task by bytes (millrace.task.max.inflight.bytes).';
const plugged = 'It names a Java class, which cannot run here.';
const signals = 'Signals and incremental snapshots are not supported for MySQL yet.';
const bounded = 'Reading is bounded by bytes.';
const history = 'The binlog describes its tables itself (binlog_row_metadata=FULL): there is no schema history.';

const ignored: readonly OtherOption[] = [
  { key: 'database.server.name', doc: 'It is topic.prefix since Debezium 2.' },
  { key: 'max.batch.size', default: '2048', doc: queue },
  { key: 'max.queue.size', default: '8192', doc: queue },
  { key: 'max.queue.size.in.bytes', default: '0', doc: queue },
  { key: 'queue.provider.type', doc: queue },
  { key: 'poll.interval.ms', default: '500', doc: 'Records are handed over as they come, without polling.' },
  { key: 'poll.dispatch.interval.ms', default: '0', doc: 'Records are handed over as they come, without polling.' },
  { key: 'query.fetch.size', default: '0', doc: bounded },
  { key: 'snapshot.fetch.size', default: '10240', doc: bounded },
  { key: 'min.row.count.to.stream.results', default: '1000', doc: bounded },
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
  { key: 'topic.cache.size', default: '10000', doc: 'There is no such cache.' },
  {
    key: 'executor.shutdown.timeout.ms',
    default: '4000',
    doc: 'The worker’s task.shutdown.graceful.timeout.ms counts.',
  },
  { key: 'custom.metric.tags', doc: 'Metrics are labelled with connector and task.' },
  { key: 'statistics.metrics.enabled', default: 'true', doc: 'Metrics are always on.' },
  { key: 'custom.sanitize.pattern', doc: 'Secrets are never shown.' },
  { key: 'include.schema.comments', default: 'false', doc: 'Comments are not part of record schemas.' },
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
  { key: 'notification.sink.topic.name', doc: 'Topic of notifications; there is no sink channel.' },
  { key: 'guardrail.collections.limit.action', default: 'warn', doc: 'See guardrail.collections.max.' },
  { key: 'signal.poll.interval.ms', default: '5000', doc: signals },
  { key: 'signal.emit.failure.max.retries', doc: signals },
  { key: 'signal.emit.failure.backoff.ms', doc: signals },
  { key: 'incremental.snapshot.chunk.size', default: '1024', doc: signals },
  { key: 'incremental.snapshot.watermarking.strategy', default: 'insert_insert', doc: signals },
  { key: 'incremental.snapshot.allow.schema.changes', default: 'false', doc: signals },
  { key: 'read.only', default: 'false', doc: 'Nothing is ever written.' },
];

const refused: readonly OtherOption[] = [
  { key: 'signal.data.collection', equal: [''], doc: signals, why: signals, refuse: 'Remove it.' },
  { key: 'signal.enabled.channels', equal: ['', 'source'], doc: signals, why: signals, refuse: 'Remove it.' },
  {
    key: 'gtid.source.includes',
    equal: [''],
    doc: 'Which sources’ transactions to read.',
    refuse: 'Remove it: all are read.',
  },
  {
    key: 'gtid.source.excludes',
    equal: [''],
    doc: 'Which sources’ transactions not to read.',
    refuse: 'Remove it: all are read.',
  },
  {
    key: 'gtid.source.filter.dml.events',
    equal: ['true'],
    default: 'true',
    doc: 'See gtid.source.includes.',
    refuse: 'Remove it: transactions of all sources are read.',
  },
  {
    key: 'gtid.ignore.on.recovery',
    equal: ['false'],
    default: 'false',
    doc: 'GTIDs are used where the server has them.',
    refuse: 'Remove it: GTIDs are used where the server has them.',
  },
  {
    key: 'column.propagate.source.type',
    equal: [''],
    doc: 'Source types in schemas are not supported for MySQL yet.',
    refuse: 'Remove it: schemas do not say the types of the source yet.',
  },
  {
    key: 'datatype.propagate.source.type',
    equal: [''],
    doc: 'Source types in schemas are not supported for MySQL yet.',
    refuse: 'Remove it: schemas do not say the types of the source yet.',
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
    key: 'event.processing.failure.handling.mode',
    default: 'fail',
    equal: ['fail'],
    doc: 'What happens to an event that cannot be processed.',
    refuse: 'Use errors.tolerance and errors.deadletterqueue.topic.name.',
  },
  {
    key: 'snapshot.isolation.mode',
    default: 'repeatable_read',
    equal: ['repeatable_read', 'serializable'],
    doc: 'Isolation of the snapshot: repeatable read.',
    refuse: 'Remove it: a snapshot is read in repeatable read.',
  },
  {
    key: 'snapshot.query.mode',
    default: 'select_all',
    equal: ['select_all'],
    doc: 'How tables are read.',
    refuse: 'Use snapshot.select.statement.overrides.',
  },
  { key: 'snapshot.query.mode.custom.name', doc: plugged, why: plugged, equal: [], refuse: 'Remove it.' },
  { key: 'snapshot.mode.custom.name', doc: plugged, why: plugged, equal: [], refuse: 'Remove it.' },
  { key: 'snapshot.locking.mode.custom.name', doc: plugged, why: plugged, equal: [], refuse: 'Remove it.' },
  {
    key: 'streaming.delay.ms',
    default: '0',
    equal: ['0'],
    doc: 'Wait between snapshot and stream.',
    refuse: 'Remove it: the stream begins at the snapshot’s own place.',
  },
  {
    key: 'notification.enabled.channels',
    equal: ['', 'log', 'jmx'],
    doc: 'Notifications of snapshots.',
    refuse: 'Remove sink: progress is in the connector’s status and metrics.',
  },
  {
    key: 'topic.naming.strategy',
    equal: ['io.debezium.schema.SchemaTopicNamingStrategy', 'io.debezium.schema.DefaultTopicNamingStrategy'],
    doc: 'How topics are named: <prefix>.<database>.<table>.',
    refuse: 'Remove it, and rename topics by a transform (RegexRouter).',
  },
  { key: 'sourceinfo.struct.maker', equal: [''], doc: plugged, why: plugged, refuse: 'Remove it.' },
  {
    key: 'transaction.metadata.factory',
    equal: ['io.debezium.pipeline.txmetadata.DefaultTransactionMetadataFactory'],
    doc: plugged,
    why: plugged,
    refuse: 'Remove it.',
  },
  {
    key: 'converters',
    equal: [''],
    doc: plugged,
    why: plugged,
    refuse: 'Remove it; handling modes and transforms change values.',
  },
  { key: 'post.processors', equal: [''], doc: plugged, why: plugged, refuse: 'Remove it.' },
  {
    key: 'guardrail.collections.max',
    default: '0',
    equal: ['0'],
    doc: 'Most tables that may be captured.',
    refuse: 'Remove it: tables cost little here.',
  },
  {
    key: 'openlineage.integration.enabled',
    default: 'false',
    equal: ['false'],
    doc: 'OpenLineage.',
    refuse: 'Remove it: lineage is not reported.',
  },
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

const others = [...ignored, ...refused];

export const otherOptions = Object.fromEntries(
  others.map((other) => [
    other.key,
    option.string({
      doc: `Accepted for compatibility. ${other.doc}`,
      importance: 'LOW',
      group: 'Compatibility',
      optional: true,
    }),
  ]),
);

interface Family extends OptionPattern {
  readonly refuse?: string;
}

function family(key: RegExp, shown: string, doc: string, refuse?: string): Family {
  const schema = option.string({ doc, importance: 'LOW', group: 'Compatibility', optional: true });
  return refuse === undefined ? { key, shown, schema } : { key, shown, schema, refuse };
}

/** Keys that change nothing, and are told so. */
function inertFamily(key: RegExp, shown: string, doc: string): Family {
  return {
    key,
    shown,
    schema: option.string({ doc, importance: 'LOW', group: 'Compatibility', optional: true, inert: [] }),
  };
}

export const families: readonly Family[] = [
  ...COLUMN_RULE_KEYS.map(({ key, shown }) =>
    family(key, shown, 'Columns (database.table.column) whose values are hidden or cut.'),
  ),
  family(
    /^snapshot\.select\.statement\.overrides\.[^.]+\..+$/,
    'snapshot.select.statement.overrides.<database.table>',
    'SELECT that reads this table.',
  ),
  family(
    /^snapshot\.mode\.configuration\.based\..+$/,
    'snapshot.mode.configuration.based.*',
    'Parts of a snapshot mode.',
    'Use one of the named snapshot.mode values.',
  ),
  inertFamily(/^signal\.(?:kafka|consumer|file)\b.*$/, 'signal.kafka.* signal.consumer.* signal.file', signals),
  inertFamily(/^openlineage\..+$/, 'openlineage.*', 'OpenLineage is not supported.'),
  inertFamily(
    /^(?:schema\.history\.internal|database\.history)\..+$/,
    'schema.history.internal.* database.history.*',
    history,
  ),
  inertFamily(
    /^(?:driver|database\.jdbc|database\.protocol|database\.ssl\.(?:key|trust)store)\..+$/,
    'driver.* database.jdbc.* database.protocol database.ssl.keystore.* database.ssl.truststore.*',
    'Of the Java driver.',
  ),
];

interface OtherProblem {
  readonly key: string;
  readonly message: string;
}

const SERVER_NAME = 'database.server.name';

/** A configuration of Debezium 1 names its topics by another key. */
function renamedPrefix(config: RawConfig): readonly OtherProblem[] {
  const name = config[SERVER_NAME]?.trim() ?? '';
  if (name === '' || (config['topic.prefix']?.trim() ?? '') !== '') return [];
  return [{ key: SERVER_NAME, message: `${SERVER_NAME} is topic.prefix since Debezium 2: set topic.prefix=${name}` }];
}

/** Options set to what cannot be done here. */
export function refusedOptions(config: RawConfig): readonly OtherProblem[] {
  const problems: OtherProblem[] = [...renamedPrefix(config)];
  for (const { key, equal = [], refuse, why } of others) {
    const value = config[key]?.trim();
    if (refuse === undefined || value === undefined || equal.includes(value)) continue;
    const sentences = [`${key}=${value} is not supported.`, ...(why === undefined ? [] : [why]), refuse];
    problems.push({ key, message: sentences.join(' ') });
  }
  for (const { key, refuse } of families) {
    if (refuse === undefined) continue;
    for (const name of Object.keys(config)) {
      if (key.test(name)) problems.push({ key: name, message: `${name} is not supported. ${refuse}` });
    }
  }
  return problems;
}

/** Options that are set, not to their default, and change nothing. */
export function ignoredOptions(config: RawConfig): readonly string[] {
  return others
    .filter(({ refuse, key, default: usual }) => {
      const value = config[key]?.trim();
      return refuse === undefined && value !== undefined && value !== '' && value !== usual;
    })
    .map(({ key, doc }) => `${key}: ${doc}`);
}
