import { option, optionSet, type OptionPattern, type OptionSet } from './options.ts';

const handling = 'Error Handling';
const creation = 'Topic Creation';
const once = 'Exactly Once Support';

const CLIENT_KEYS = /^(?:producer|consumer|admin)\.override\.[a-z0-9._-]+$/;

function open(key: RegExp, shown: string, doc: string): OptionPattern {
  return { key, shown, schema: option.string({ doc, optional: true, importance: 'LOW' }) };
}

const shared = {
  name: option.string({
    doc: 'Name of the connector, unique among all.',
    group: 'Common',
    importance: 'HIGH',
    displayName: 'Connector name',
    minLength: 1,
  }),
  'connector.class': option.string({
    doc: 'Which connector: its name, or a Java class name it stands in for.',
    group: 'Common',
    importance: 'HIGH',
    displayName: 'Connector class',
    minLength: 1,
  }),
  'connector.plugin.version': option.string({
    doc: 'Accepted for compatibility; the version of this build runs.',
    group: 'Common',
    importance: 'LOW',
    optional: true,
    displayName: 'Connector version',
    inert: [],
  }),
  'tasks.max': option.int({
    doc: 'Most tasks the connector is divided into.',
    group: 'Common',
    importance: 'HIGH',
    displayName: 'Tasks max',
    default: 1,
    minimum: 1,
    maximum: 10000,
  }),
  'tasks.max.enforce': option.boolean({
    doc: 'Accepted for compatibility; there are never more tasks than tasks.max.',
    group: 'Common',
    importance: 'LOW',
    displayName: 'Enforce tasks max',
    default: true,
    inert: [],
  }),
  'key.converter': converter('key', 'keys'),
  'value.converter': converter('value', 'values'),
  'header.converter': converter('header', 'headers'),
  transforms: option.list({
    doc: 'Names of the transforms that records pass, in this order; each is set up by transforms.<name>.type and its own options.',
    group: 'Transforms',
    importance: 'LOW',
    displayName: 'Transforms',
    default: [],
  }),
  predicates: option.list({
    doc: 'Names of predicates that transforms refer to by transforms.<name>.predicate; each is set up by predicates.<name>.type and its own options.',
    group: 'Predicates',
    importance: 'LOW',
    displayName: 'Predicates',
    default: [],
  }),
  'config.action.reload': option.oneOf(['none', 'restart'], {
    doc: 'Whether the connector restarts when a file its configuration refers to has changed (millrace.config.reload.interval.ms).',
    group: 'Common',
    importance: 'LOW',
    displayName: 'Reload Action',
    default: 'restart',
  }),
  'errors.retry.timeout': option.long({
    doc: 'Milliseconds for which a failed task is started again by itself where its error may pass; -1: without limit. By default the worker’s.',
    group: handling,
    optional: true,
    displayName: 'Retry Timeout for Errors',
    minimum: -1,
  }),
  'errors.retry.delay.max.ms': option.long({
    doc: 'Longest delay in milliseconds between such attempts. By default the worker’s.',
    group: handling,
    optional: true,
    displayName: 'Maximum Delay Between Retries for Errors',
    minimum: 1,
  }),
  'errors.tolerance': option.oneOf(['none', 'all'], {
    doc: 'none: a record that cannot be processed stops the task; all: it goes to errors.deadletterqueue.topic.name and is counted; without that topic it stops the task all the same.',
    group: handling,
    displayName: 'Error Tolerance',
    default: 'none',
  }),
  'errors.log.enable': option.boolean({
    doc: 'Whether each error of a record is logged, tolerated or not.',
    group: handling,
    displayName: 'Log Errors',
    default: false,
  }),
  'errors.log.include.messages': option.boolean({
    doc: 'Whether the log also says which record it was: of a sink its place in the hub, of a source key and value, which may be sensitive.',
    group: handling,
    displayName: 'Log Error Details',
    default: false,
  }),
  'errors.deadletterqueue.topic.name': option.string({
    doc: 'Topic for records that could not be processed, with errors.tolerance=all; empty: none.',
    group: handling,
    displayName: 'Dead Letter Queue Topic Name',
    default: '',
    pattern: '^[a-zA-Z0-9._-]{0,249}$',
  }),
  'errors.deadletterqueue.topic.replication.factor': option.int({
    doc: 'Accepted for compatibility; the embedded hub has no replicas.',
    group: handling,
    displayName: 'Dead Letter Queue Topic Replication Factor',
    default: 3,
    minimum: -1,
    maximum: 32767,
    inert: ['1'],
  }),
  'errors.deadletterqueue.context.headers.enable': option.boolean({
    doc: 'Whether a dead letter carries Kafka Connect’s headers (__connect.errors.*) that say what went wrong and where. millrace’s own (millrace.deadletter) it always has.',
    group: handling,
    displayName: 'Enable Error Context Headers',
    default: false,
  }),
  'millrace.redrive.max': option.int({
    doc: 'How often a dead letter is redriven (counted in its header millrace.redrive.count): one that failed so often stays a dead letter. Default 5.',
    group: handling,
    optional: true,
    minimum: 0,
  }),
  'millrace.restart.max': option.int({
    doc: 'Most restarts of a failed task by itself within millrace.restart.window.ms; then it stays FAILED. -1: without limit; 0: none. By default the worker’s.',
    group: handling,
    optional: true,
    minimum: -1,
  }),
  'millrace.restart.window.ms': option.long({
    doc: 'Milliseconds over which millrace.restart.max counts. By default the worker’s.',
    group: handling,
    optional: true,
    minimum: 1,
  }),
  'millrace.restart.backoff.ms': option.long({
    doc: 'Milliseconds before the first restart; doubled at each one in a row. By default the worker’s.',
    group: handling,
    optional: true,
    minimum: 1,
  }),
  'millrace.restart.backoff.max.ms': option.long({
    doc: 'Longest wait in milliseconds between restarts; a task that ran longer than that begins anew. By default the worker’s, else errors.retry.delay.max.ms.',
    group: handling,
    optional: true,
    minimum: 1,
  }),
  'offset.flush.interval.ms': option.long({
    doc: 'Milliseconds between commits of offsets. By default the worker’s.',
    group: 'millrace',
    importance: 'LOW',
    optional: true,
    minimum: 1,
  }),
  'millrace.schema.header': option.boolean({
    doc: 'Whether records converted without their schema carry a header with its id. By default the worker’s.',
    group: 'millrace',
    importance: 'LOW',
    optional: true,
  }),
  'millrace.task.call.timeout.ms': option.long({
    doc: 'Milliseconds a call into the connector’s task may take before the task fails; reading a source may wait without limit. By default the worker’s.',
    group: 'millrace',
    importance: 'LOW',
    optional: true,
    minimum: 1,
  }),
  'millrace.stall.timeout.ms': option.long({
    doc: 'Milliseconds without progress (offsets that move, or proof that there is nothing to do) after which a task is shown as STALLED; 0: never. By default the worker’s.',
    group: 'millrace',
    optional: true,
    minimum: 0,
  }),
  'millrace.stall.action': option.oneOf(['report', 'restart'], {
    doc: 'report: a stalled task is shown in health, log and metrics; restart: it is started again too. By default the worker’s.',
    group: 'millrace',
    optional: true,
  }),
  'millrace.quota.records.per.second': option.long({
    doc: 'Most records per second the connector may pass on, shared evenly by its tasks. By default the worker’s, or without limit.',
    group: 'millrace',
    optional: true,
    minimum: 1,
  }),
  'millrace.quota.bytes.per.second': option.long({
    doc: 'Most bytes of keys and values per second the connector may pass on, shared evenly by its tasks. By default the worker’s, or without limit.',
    group: 'millrace',
    optional: true,
    minimum: 1,
  }),
  'millrace.task.max.inflight.bytes': option.long({
    doc: 'Most bytes one task holds that are not durable yet. By default the worker’s.',
    group: 'millrace',
    importance: 'LOW',
    optional: true,
    minimum: 65536,
  }),
};

const families: readonly OptionPattern[] = [
  open(
    CLIENT_KEYS,
    'producer.override.* consumer.override.* admin.override.*',
    'Settings of the task’s clients. With the embedded hub those that name its batches and reading have an effect (acks, batch.size, compression.type, linger.ms, transaction.timeout.ms; auto.offset.reset, max.poll.records, group.id); others are named in a warning.',
  ),
  open(
    /^(?:key|value|header)\.converter\..+$/,
    'key.converter.* value.converter.* header.converter.*',
    'Settings of the converter.',
  ),
  open(/^transforms\.[^.]+\..+$/, 'transforms.<name>.*', 'Settings of a transform.'),
  open(/^predicates\.[^.]+\..+$/, 'predicates.<name>.*', 'Settings of a predicate.'),
];

/** What every source connector may be given beside its own options. */
export const sourceOptions: OptionSet = optionSet(
  'source connectors',
  {
    ...shared,
    'millrace.errors.deadletterqueue.topic.name': option.string({
      doc: 'Topic for records that the source could not read, transform or convert, with errors.tolerance=all; by default errors.deadletterqueue.topic.name.',
      group: handling,
      optional: true,
      pattern: '^[a-zA-Z0-9._-]{0,249}$',
    }),
    'millrace.errors.deadletterqueue.topic.replication.factor': option.int({
      doc: 'Replicas of that topic; the embedded hub has none.',
      group: handling,
      importance: 'LOW',
      optional: true,
      minimum: -1,
      maximum: 32767,
    }),
    'millrace.errors.deadletterqueue.context.headers.enable': option.boolean({
      doc: 'Whether its dead letters carry Kafka Connect’s headers. By default errors.deadletterqueue.context.headers.enable where it is set, else true.',
      group: handling,
      optional: true,
    }),
    'topic.creation.groups': option.list({
      doc: 'Names of topic groups beside default; each is set up by topic.creation.<group>.*.',
      group: creation,
      importance: 'LOW',
      displayName: 'Topic Creation Groups',
      default: [],
    }),
    'exactly.once.support': option.oneOf(['requested', 'required'], {
      doc: 'required: refuse to run where records and offsets cannot be one transaction.',
      group: once,
      displayName: 'Exactly once support',
      default: 'requested',
    }),
    'millrace.delivery': option.oneOf(['at-least-once', 'exactly-once'], {
      doc: 'Whether records and offsets are written in one transaction. By default the worker’s.',
      group: once,
      optional: true,
    }),
    'transaction.boundary': option.oneOf(['poll', 'interval', 'connector'], {
      doc: 'Accepted for compatibility; a transaction is one batch of the source (poll).',
      group: once,
      displayName: 'Transaction Boundary',
      default: 'poll',
      inert: [],
    }),
    'transaction.boundary.interval.ms': option.long({
      doc: 'Accepted for compatibility.',
      group: once,
      importance: 'LOW',
      displayName: 'Transaction boundary interval',
      optional: true,
      minimum: 0,
      inert: [],
    }),
    'offsets.storage.topic': option.string({
      doc: 'Topic for this connector’s source offsets. By default the worker’s.',
      group: 'offsets.topic',
      importance: 'LOW',
      displayName: 'Offsets topic',
      optional: true,
      pattern: '^[a-zA-Z0-9._-]{1,249}$',
    }),
  },
  [
    ...families,
    open(/^topic\.creation\.[^.]+\..+$/, 'topic.creation.<group>.*', 'Settings of topics that the connector creates.'),
  ],
);

/** What every sink connector may be given beside its own options. */
export const sinkOptions: OptionSet = optionSet(
  'sink connectors',
  {
    ...shared,
    topics: option.list({
      doc: 'Topics to read. Either this or topics.regex.',
      group: 'Common',
      importance: 'HIGH',
      displayName: 'Topics',
      default: [],
    }),
    'millrace.errors.block.key': option.boolean({
      doc: 'Whether later records of a key that has an open dead letter become dead letters too (stage BLOCKED), so that they are written in order when they are redriven. Such a sink is given no key twice in one write.',
      group: handling,
      default: false,
    }),
    'topics.regex': option.string({
      doc: 'Regular expression over whole topic names to read. Either this or topics.',
      group: 'Common',
      importance: 'HIGH',
      displayName: 'Topics regex',
      default: '',
    }),
  },
  families,
);

function converter(which: string, what: string) {
  return option.className({
    doc: `Converter of ${what}. By default the worker’s.`,
    group: 'Common',
    importance: 'LOW',
    displayName: `${which.charAt(0).toUpperCase()}${which.slice(1)} converter class`,
    optional: true,
  });
}
