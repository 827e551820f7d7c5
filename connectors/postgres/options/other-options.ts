import { COLUMN_RULE_KEYS } from '../../../runtime/change/column-rules.ts';
import { option, type OptionPattern, type RawConfig } from '../../../runtime/connector/options.ts';

/**
 * Debezium's options that do not change what we do. `equal`: values that stand for what we do
 * anyway; others are refused (`refuse`) or, where they only tune Debezium's inside, named and
 * ignored.
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

const others: readonly OtherOption[] = [
  { key: 'database.server.name', doc: 'It is topic.prefix since Debezium 2.' },
  { key: 'max.batch.size', default: '2048', doc: queue },
  { key: 'max.queue.size', default: '8192', doc: queue },
  { key: 'max.queue.size.in.bytes', default: '0', doc: queue },
  { key: 'queue.provider.type', doc: queue },
  { key: 'poll.interval.ms', default: '500', doc: 'Records are handed over as they come, without polling.' },
  { key: 'poll.dispatch.interval.ms', default: '0', doc: 'Records are handed over as they come, without polling.' },
  { key: 'query.fetch.size', default: '0', doc: 'Reading is bounded by bytes.' },
  { key: 'snapshot.fetch.size', default: '10240', doc: 'Reading is bounded by bytes.' },
  { key: 'snapshot.max.threads.multiplier', default: '1', doc: 'Chunks are cut by size.' },
  { key: 'legacy.snapshot.max.threads', default: 'false', doc: 'Chunks are cut by size.' },
  {
    key: 'snapshot.tables.order.by.row.count',
    default: 'disabled',
    doc: 'Chunks of all tables are read side by side.',
  },
  { key: 'min.row.count.to.stream.results', doc: 'Reading is bounded by bytes.' },
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
  { key: 'signal.poll.interval.ms', default: '5000', doc: 'Signals come with the stream.' },
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
  { key: 'snapshot.locking.mode.custom.name', doc: plugged, why: plugged, refuse: 'Remove it.' },
  {
    key: 'snapshot.query.mode',
    default: 'select_all',
    equal: ['select_all'],
    doc: 'How tables are read.',
    refuse: 'Use snapshot.select.statement.overrides.',
  },
  { key: 'snapshot.query.mode.custom.name', doc: plugged, why: plugged, refuse: 'Remove it.' },
  { key: 'snapshot.mode.custom.name', doc: plugged, why: plugged, refuse: 'Remove it.' },
  {
    key: 'streaming.delay.ms',
    default: '0',
    equal: ['0'],
    doc: 'Wait between snapshot and stream.',
    refuse: 'Remove it: the stream begins at the snapshot’s own place.',
  },
  {
    key: 'lsn.flush.mode',
    default: 'connector',
    equal: ['connector', 'connector_and_driver'],
    doc: 'The slot moves once records and offset are durable in the hub.',
    refuse: 'Use connector: somebody who moves the slot by hand may lose changes.',
  },
  {
    key: 'event.processing.failure.handling.mode',
    default: 'fail',
    equal: ['fail'],
    doc: 'What happens to an event that cannot be processed.',
    refuse: 'Use errors.tolerance and errors.deadletterqueue.topic.name.',
  },
  {
    key: 'notification.enabled.channels',
    doc: 'Notifications of snapshots.',
    equal: ['', 'log', 'jmx'],
    refuse: 'Remove sink: progress is in the connector’s status and metrics.',
  },
  { key: 'notification.sink.topic.name', doc: 'Topic of notifications; there is no sink channel.' },
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
    doc: plugged,
    why: plugged,
    refuse: 'Remove it.',
  },
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
  {
    key: 'post.processors',
    equal: [''],
    doc: plugged,
    why: plugged,
    refuse: 'Remove it; for whole rows set REPLICA IDENTITY FULL.',
  },
  { key: 'signal.file', doc: 'The file channel is not supported.' },
  { key: 'signal.kafka.topic', doc: 'The kafka channel is not supported.' },
  {
    key: 'guardrail.collections.max',
    default: '0',
    equal: ['0'],
    doc: 'Most tables that may be captured.',
    refuse: 'Remove it: tables cost little here.',
  },
  { key: 'guardrail.collections.limit.action', default: 'warn', doc: 'See guardrail.collections.max.' },
  {
    key: 'openlineage.integration.enabled',
    default: 'false',
    equal: ['false'],
    doc: 'OpenLineage.',
    refuse: 'Remove it: lineage is not reported.',
  },
];

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
    family(key, shown, 'Columns (schema.table.column) whose values are hidden or cut.'),
  ),
  family(
    /^snapshot\.select\.statement\.overrides\.[^.]+\..+$/,
    'snapshot.select.statement.overrides.<schema.table>',
    'SELECT that reads this table.',
  ),
  family(
    /^snapshot\.mode\.configuration\.based\..+$/,
    'snapshot.mode.configuration.based.*',
    'Parts of a snapshot mode.',
    'Use one of the named snapshot.mode values.',
  ),
  inertFamily(
    /^signal\.(kafka|consumer)\..+$/,
    'signal.kafka.* signal.consumer.*',
    'The kafka channel is not supported.',
  ),
  inertFamily(/^openlineage\..+$/, 'openlineage.*', 'OpenLineage is not supported.'),
  inertFamily(
    /^(?:driver|schema\.history\.internal|database\.history)\..+$/,
    'driver.* schema.history.internal.* database.history.*',
    'Not used for Postgres here.',
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
