import { ALLOWED_ROOTS } from '../connector/allowed-files.ts';
import { option, optionSet, type OptionPattern, type Options } from '../connector/options.ts';
import { accessFamilies, accessOptions } from './access-options.ts';
import { taskOptions } from './task-options.ts';

const hub = 'Hub';
const topics = 'Internal topics';
const conversion = 'Conversion';
const rest = 'REST';
const tasks = 'Tasks';
const log = 'Logging';

/** Kafka client settings and settings for internal topics, handed on as they are. */
const families: readonly OptionPattern[] = [
  ...accessFamilies,
  family(
    /^(?:producer|consumer|admin)\.[a-z0-9._-]+$/,
    'producer.* consumer.* admin.*',
    'Settings of the tasks’ Kafka clients. With the embedded hub those that name its batches and reading have an effect (acks, batch.size, compression.type, linger.ms, transaction.timeout.ms; auto.offset.reset, max.poll.records); others are named in a warning.',
  ),
  family(
    /^(?:config|offset|status)\.storage\.[a-z0-9._-]+$/,
    'config.storage.* offset.storage.* status.storage.*',
    'Topic settings for the creation of an internal topic.',
  ),
  family(
    /^(?:key|value|header)\.converter\..+$/,
    'key.converter.* value.converter.* header.converter.*',
    'Settings of the converter.',
  ),
  family(/^config\.providers\..+$/, 'config.providers.<name>.*', 'A config provider: its class and parameters.'),
  family(/^topic\.creation\..+$/, 'topic.creation.*', 'Creation of topics by source connectors.'),
  family(
    /^(?:ssl|sasl|security|metrics|metadata)\.[a-z0-9._-]+$/,
    'ssl.* sasl.* security.*',
    'Settings of Kafka clients: without effect with the embedded hub, and named in a warning. ssl.* count for a listener with https that has no keys of its own.',
  ),
];

function family(key: RegExp, shown: string, doc: string): OptionPattern {
  return { key, shown, schema: option.string({ doc, optional: true, importance: 'LOW' }) };
}

/** The worker's options (D18): Kafka Connect's worker keys, and `millrace.*` for what has no counterpart. */
export const workerOptions = optionSet(
  'worker',
  {
    'bootstrap.servers': option.list({
      doc: 'Brokers of an Apache Kafka cluster. This version refuses it: the hub is embedded in millrace.hub.path.',
      group: hub,
      importance: 'HIGH',
      default: [],
    }),
    'group.id': option.string({
      doc: 'Name of the group of workers that share connectors; prefix of transactional ids.',
      group: hub,
      importance: 'HIGH',
      default: 'millrace',
      minLength: 1,
    }),
    'millrace.hub.path': option.string({
      doc: 'Directory of the embedded hub. One worker writes it; others may read it.',
      group: hub,
      importance: 'HIGH',
      default: './millrace-data',
      minLength: 1,
    }),
    'millrace.hub.min.free.bytes': option.long({
      doc: 'Free disk space in bytes below which the embedded hub takes no more records: sources wait, readers go on.',
      group: hub,
      default: 268435456,
      minimum: 0,
    }),
    'millrace.hub.map.bytes': option.long({
      doc: 'Largest size in bytes the embedded hub may grow to; address space, not memory.',
      group: hub,
      importance: 'LOW',
      optional: true,
      minimum: 1048576,
    }),
    'config.storage.topic': topicOption('Topic that holds connector configurations.', 'millrace-configs'),
    'config.storage.replication.factor': replicationOption(),
    'offset.storage.topic': topicOption('Topic that holds source offsets.', 'millrace-offsets'),
    'offset.storage.partitions': partitionsOption('offset', 1),
    'offset.storage.replication.factor': replicationOption(),
    'status.storage.topic': topicOption('Topic that holds states of connectors and tasks.', 'millrace-statuses'),
    'status.storage.partitions': partitionsOption('status', 1),
    'status.storage.replication.factor': replicationOption(),
    'offset.storage.file.filename': option.string({
      doc: 'Accepted from standalone configurations and not used: offsets live in offset.storage.topic.',
      group: topics,
      importance: 'LOW',
      optional: true,
      inert: [],
    }),
    ...taskOptions,
    'key.converter': converterOption('keys'),
    'value.converter': converterOption('values'),
    'header.converter': converterOption('headers'),
    'millrace.schema.storage.topic': topicOption(
      'Topic that holds the schemas named by schema headers.',
      'millrace-schemas',
    ),
    'millrace.schema.header': option.boolean({
      doc: 'Whether records converted without their schema carry a header with its id.',
      group: conversion,
      default: true,
    }),
    listeners: option.list({
      doc: 'Where REST listens: http://host:port or https://host:port. Loopback by default; elsewhere only with authentication, unless millrace.rest.unauthenticated=true.',
      group: rest,
      importance: 'HIGH',
      default: ['http://127.0.0.1:8083'],
    }),
    'admin.listeners': option.list({
      doc: 'Where /admin/* is served instead of on listeners, as http://host:port or https://host:port; empty: nowhere. Without it: on listeners.',
      group: rest,
      optional: true,
    }),
    'response.http.headers.config': option.string({
      doc: 'Headers for every answer of REST: rules `action name:value` by commas, one with a comma in it in double quotes; action is set, add, setDate or addDate (milliseconds from now).',
      group: rest,
      importance: 'LOW',
      default: '',
    }),
    'rest.advertised.host.name': option.string({ doc: 'Host in this worker’s id.', group: rest, optional: true }),
    'rest.advertised.port': option.int({
      doc: 'Port in this worker’s id.',
      group: rest,
      optional: true,
      minimum: 1,
      maximum: 65535,
    }),
    'access.control.allow.origin': option.string({
      doc: 'Origin that browsers may call REST from; empty: none.',
      group: rest,
      default: '',
    }),
    'access.control.allow.methods': option.string({
      doc: 'Methods such a browser may use; empty: GET, POST, HEAD.',
      group: rest,
      default: '',
    }),
    'millrace.rest.body.bytes': option.int({
      doc: 'Largest body in bytes REST accepts.',
      group: rest,
      importance: 'LOW',
      default: 1048576,
      minimum: 1024,
    }),
    ...accessOptions,
    'topic.creation.enable': option.boolean({
      doc: 'Whether source connectors may create topics.',
      group: tasks,
      default: true,
    }),
    'topic.tracking.enable': option.boolean({
      doc: 'Whether the topics a connector uses are recorded.',
      group: tasks,
      default: true,
    }),
    'topic.tracking.allow.reset': option.boolean({
      doc: 'Whether that record may be reset through REST.',
      group: tasks,
      default: true,
    }),
    [ALLOWED_ROOTS]: option.list({
      doc: 'Absolute folders below which FileStream connectors and file:// archives must be, where symbolic links lead; empty: anywhere.',
      group: tasks,
      default: [],
    }),
    'config.providers': option.list({
      doc: 'Names of config providers beside env, file and dir, which are there under these names. config.providers.<name>.class says which it is; .param.allowed.paths and .param.allowlist.pattern limit what it hands out.',
      group: 'Secrets',
      default: [],
    }),
    'millrace.log.level': option.oneOf(['debug', 'info', 'warn', 'error', 'silent'], {
      doc: 'Least severe level that is logged.',
      group: log,
      default: 'info',
    }),
    'millrace.log.format': option.oneOf(['auto', 'json', 'pretty'], {
      doc: 'json: one object a line; pretty: for people; auto: pretty on a terminal.',
      group: log,
      default: 'auto',
    }),
    ...accepted([
      'client.id',
      'client.dns.lookup',
      'connect.protocol',
      'connector.client.config.override.policy',
      'connector.client.config.override.allowlist',
      'heartbeat.interval.ms',
      'inter.worker.key.generation.algorithm',
      'inter.worker.key.size',
      'inter.worker.key.ttl.ms',
      'inter.worker.signature.algorithm',
      'inter.worker.verification.algorithms',
      'internal.key.converter',
      'internal.value.converter',
      'metric.reporters',
      'plugin.discovery',
      'rebalance.timeout.ms',
      'request.timeout.ms',
      'rest.advertised.listener',
      'retry.backoff.ms',
      'scheduled.rebalance.max.delay.ms',
      'session.timeout.ms',
      'worker.sync.timeout.ms',
      'worker.unsync.backoff.ms',
    ]),
  },
  families,
);

export type WorkerOptions = Options<typeof workerOptions>;

function topicOption(doc: string, fallback: string) {
  return option.string({
    doc: `${doc} Compacted.`,
    group: topics,
    importance: 'HIGH',
    default: fallback,
    pattern: '^[a-zA-Z0-9._-]{1,249}$',
  });
}

function partitionsOption(which: string, fallback: number) {
  return option.int({
    doc: `Partitions of ${which}.storage.topic where it is created here; one that exists keeps its own.`,
    group: topics,
    importance: 'LOW',
    default: fallback,
    minimum: 1,
  });
}

function replicationOption() {
  return option.int({
    doc: 'Accepted for compatibility; the embedded hub has no replicas.',
    group: topics,
    importance: 'LOW',
    default: -1,
    minimum: -1,
    inert: ['1'],
  });
}

function converterOption(what: string) {
  return option.className({
    doc: `Converter of ${what}. Without any, JSON without schemas; named by the user, JsonConverter writes schemas as in Kafka Connect (schemas.enable=true).`,
    group: conversion,
    importance: 'HIGH',
    optional: true,
  });
}

/** Kafka Connect's keys that have no meaning here: accepted, so that its files start a worker. */
function accepted<const K extends readonly string[]>(keys: K) {
  const schema = option.string({
    doc: 'Accepted for compatibility with Kafka Connect; has no effect.',
    group: 'Compatibility',
    importance: 'LOW',
    optional: true,
    inert: [],
  });
  return Object.fromEntries(keys.map((key) => [key, schema])) as Record<K[number], typeof schema>;
}
