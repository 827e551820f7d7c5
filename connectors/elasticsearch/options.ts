import { option, optionSet, type OptionPattern, type Options } from '../../runtime/connector/options.ts';

const CONNECTION = 'Connection';
const WRITING = 'Writing';
const DOCUMENTS = 'Documents';
const INDEXES = 'Indexes';
const ERRORS = 'Errors';

const connection = {
  'connection.url': option.list({
    doc: 'Addresses of the cluster, with commas between: `https://search.example:9200`.',
    importance: 'HIGH',
    group: CONNECTION,
  }),
  'connection.username': option.string({ doc: 'User; needs the password too.', group: CONNECTION, default: '' }),
  'connection.password': option.password({ doc: 'Password of the user.', group: CONNECTION, default: '' }),
  'millrace.connection.api.key': option.password({
    doc: 'API key, as the server shows it encoded; instead of a user.',
    group: CONNECTION,
    default: '',
  }),
  'connection.compression': option.boolean({
    doc: 'Send requests compressed with gzip.',
    group: CONNECTION,
    default: false,
  }),
  'read.timeout.ms': option.int({
    doc: 'Most time an answer may take.',
    group: CONNECTION,
    default: 30_000,
    minimum: 1,
  }),
  'elastic.security.protocol': option.oneOf(['PLAINTEXT', 'SSL'], {
    doc: 'SSL: every address of connection.url must be https.',
    group: CONNECTION,
    default: 'PLAINTEXT',
  }),
  'millrace.tls.ca.file': option.string({
    doc: "PEM file of the certificates that the server's is checked with; empty: the system's.",
    group: CONNECTION,
    default: '',
  }),
  'millrace.tls.cert.file': option.string({
    doc: 'PEM file of a client certificate.',
    group: CONNECTION,
    default: '',
  }),
  'millrace.tls.key.file': option.string({
    doc: "PEM file of the client certificate's key.",
    group: CONNECTION,
    default: '',
  }),
  'millrace.tls.verify': option.boolean({
    doc: "Check the server's certificate. false is for tests.",
    group: CONNECTION,
    default: true,
  }),
  'aws.region': option.string({
    doc: 'Sign requests with AWS keys (Signature Version 4) for this region; empty: they are not signed.',
    group: CONNECTION,
    default: '',
  }),
  'aws.service.signing.name': option.string({
    doc: 'Service they are signed for: es, or aoss for the serverless one.',
    group: CONNECTION,
    default: 'es',
  }),
  'aws.access.key.id': option.string({
    doc: 'Access key; empty: the default credentials of the AWS SDK (environment, profile, role).',
    group: CONNECTION,
    default: '',
  }),
  'aws.secret.access.key': option.password({ doc: 'Secret of the access key.', group: CONNECTION, default: '' }),
  'proxy.host': option.string({ doc: 'Host of an HTTP proxy.', group: CONNECTION, default: '' }),
  'proxy.port': option.int({ doc: 'Port of the proxy.', group: CONNECTION, default: 8080, minimum: 1, maximum: 65535 }),
  'proxy.username': option.string({ doc: 'User of the proxy.', group: CONNECTION, default: '' }),
  'proxy.password': option.password({ doc: 'Password of the proxy.', group: CONNECTION, default: '' }),
};

const writing = {
  'batch.size': option.int({
    doc: 'Most operations of one bulk request.',
    group: WRITING,
    default: 2000,
    minimum: 1,
    maximum: 1_000_000,
  }),
  'bulk.size.bytes': option.long({
    doc: 'Most bytes of one bulk request; the task begins lower and adapts to the answers. -1: 64 MiB.',
    group: WRITING,
    default: 5_242_880,
    minimum: -1,
  }),
  'max.in.flight.requests': option.int({
    doc: 'Most bulk requests under way, of different partitions; the task adapts below it. Of one partition there is only ever one.',
    group: WRITING,
    default: 5,
    minimum: 1,
    maximum: 1000,
  }),
  'millrace.buffer.bytes': option.long({
    doc: 'Bytes of operations that a task holds before it takes no more.',
    group: WRITING,
    default: 33_554_432,
    minimum: 1_048_576,
  }),
  'flush.timeout.ms': option.long({
    doc: 'How long a task that stops waits for what it has sent.',
    group: WRITING,
    default: 180_000,
    minimum: 1,
  }),
  'max.retries': option.int({
    doc: 'Attempts of a bulk request after the first before the task starts again from its durable offsets.',
    group: WRITING,
    default: 5,
    minimum: 0,
  }),
  'retry.backoff.ms': option.long({
    doc: 'First pause before an attempt; doubled each time, with chance, up to a minute.',
    group: WRITING,
    default: 100,
    minimum: 1,
  }),
};

const documents = {
  'key.ignore': option.boolean({
    doc: 'true: every record is a document of its own, named by topic, partition and offset.',
    importance: 'HIGH',
    group: DOCUMENTS,
    default: false,
  }),
  'topic.key.ignore': option.list({ doc: 'Topics for which key.ignore is true.', group: DOCUMENTS, default: [] }),
  'millrace.id.fields': option.list({
    doc: 'Fields that make the id of a document: `key.id`, `value.order.number`. Default: the key, field by field.',
    group: DOCUMENTS,
    default: [],
  }),
  'write.method': option.oneOf(['INSERT', 'UPSERT'], {
    doc: 'INSERT: a record is the whole document, newer by its offset. UPSERT: its fields are merged into the document.',
    importance: 'HIGH',
    group: DOCUMENTS,
    default: 'INSERT',
  }),
  'use.autogenerated.ids': option.boolean({
    doc: 'Let the server name documents. Records that come again are there twice.',
    group: DOCUMENTS,
    default: false,
  }),
  'external.version.header': option.string({
    doc: 'Header whose number is the version of a document, instead of the offset.',
    group: DOCUMENTS,
    default: '',
  }),
  'millrace.unwrap': option.boolean({
    doc: "Values are Debezium's change events: write the row, and delete for `d`.",
    importance: 'HIGH',
    group: DOCUMENTS,
    default: false,
  }),
  'millrace.unavailable.placeholder': option.string({
    doc: "The source's unavailable.value.placeholder: with millrace.unwrap, columns that show it did not change.",
    group: DOCUMENTS,
    default: '__debezium_unavailable_value',
    minLength: 1,
  }),
  'millrace.partial.updates': option.oneOf(['script', 'refuse'], {
    doc: 'Events with unchanged columns left out. script: update the others by a script. refuse: reject the record; REPLICA IDENTITY FULL avoids them.',
    group: DOCUMENTS,
    default: 'script',
  }),
  'behavior.on.null.values': option.oneOf(['fail', 'ignore', 'delete'], {
    doc: 'Records without a value: reject, pass over, or delete the document of the key. With millrace.unwrap they always delete.',
    group: DOCUMENTS,
    default: 'fail',
  }),
  'millrace.on.truncate': option.oneOf(['fail', 'ignore'], {
    doc: 'With millrace.unwrap, an event that a table was truncated: stop, or keep the documents.',
    group: DOCUMENTS,
    default: 'fail',
  }),
  'compact.map.entries': option.boolean({
    doc: 'Maps with text keys become objects; false is not supported.',
    group: DOCUMENTS,
    default: true,
  }),
  'routing.type': option.oneOf(['none', 'key', 'value'], {
    doc: 'Route documents by the id, the whole key, or a field of the value.',
    group: DOCUMENTS,
    default: 'none',
  }),
  'routing.type.record.value.path': option.string({
    doc: 'With routing.type=value: the field, as `/customer/id` or `customer.id`.',
    group: DOCUMENTS,
    default: '',
  }),
};

const indexes = {
  'millrace.index': option.string({
    doc: 'Name of the index: text with `${topic}`, `${key.field}`, `${value.field}`, and with key.ignore `${time:yyyy-MM-dd}` (record time, UTC).',
    group: INDEXES,
    default: '${topic}',
    minLength: 1,
  }),
  'millrace.index.settings': option.string({
    doc: 'JSON: settings of indexes that are created, as `{"number_of_shards": 3}`.',
    group: INDEXES,
    default: '',
  }),
  'millrace.index.adopt': option.boolean({
    doc: 'Write to an index that has documents of unknown origin. Only where they were written from these very topics, or share no id with them.',
    group: INDEXES,
    default: false,
  }),
  'schema.ignore': option.boolean({
    doc: 'true: no mapping is made from the schemas of records.',
    importance: 'LOW',
    group: INDEXES,
    default: false,
  }),
  'topic.schema.ignore': option.list({ doc: 'Topics for which schema.ignore is true.', group: INDEXES, default: [] }),
  'data.stream.type': option.oneOf(['NONE', 'LOGS', 'METRICS'], {
    doc: 'Write to the data stream `type-dataset-namespace`.',
    group: INDEXES,
    default: 'NONE',
  }),
  'data.stream.dataset': option.string({ doc: 'Dataset of the data stream.', group: INDEXES, default: '' }),
  'data.stream.namespace': option.string({
    doc: 'Namespace of the data stream.',
    group: INDEXES,
    default: '${topic}',
  }),
  'data.stream.timestamp.field': option.list({
    doc: 'Fields, the first present wins, for `@timestamp`; otherwise the record time.',
    group: INDEXES,
    default: [],
  }),
  'external.resource.usage': option.oneOf(['DISABLED', 'INDEX', 'DATASTREAM', 'ALIAS_INDEX', 'ALIAS_DATASTREAM'], {
    doc: 'Write to resources that exist already, as topic.to.external.resource.mapping tells.',
    group: INDEXES,
    default: 'DISABLED',
  }),
  'topic.to.external.resource.mapping': option.list({
    doc: 'The resource of each topic: `orders:orders-v2,items:items-v1`.',
    group: INDEXES,
    default: [],
  }),
};

const errors = {
  'behavior.on.malformed.documents': option.oneOf(['fail', 'warn', 'ignore'], {
    doc: "Documents that the server refuses. fail: they are dead letters with the server's reason, or stop the task (errors.tolerance). warn and ignore leave them out, counted.",
    group: ERRORS,
    default: 'fail',
  }),
};

/** Keys of other search sinks that this one does not have, with what to do; values in `harmless` change nothing. */
export const UNSUPPORTED: Readonly<Record<string, { readonly remedy: string; readonly harmless: readonly string[] }>> =
  {
    'drop.invalid.message': {
      remedy: 'Use errors.tolerance=all with a dead letter topic and remove it.',
      harmless: ['false'],
    },
    'elastic.https.ssl.keystore.location': {
      remedy: 'Use millrace.tls.cert.file and millrace.tls.key.file (PEM).',
      harmless: [''],
    },
    'elastic.https.ssl.keystore.password': {
      remedy: 'Use millrace.tls.cert.file and millrace.tls.key.file (PEM).',
      harmless: ['', '[hidden]'],
    },
    'elastic.https.ssl.truststore.location': { remedy: 'Use millrace.tls.ca.file (PEM).', harmless: [''] },
    'elastic.https.ssl.truststore.password': { remedy: 'Use millrace.tls.ca.file (PEM).', harmless: ['', '[hidden]'] },
    'elastic.https.ssl.endpoint.identification.algorithm': {
      remedy: 'Names of certificates are always checked; use millrace.tls.ca.file.',
      harmless: ['https'],
    },
    'kerberos.user.principal': { remedy: 'Use a user or an API key.', harmless: [''] },
    'kerberos.keytab.path': { remedy: 'Use a user or an API key.', harmless: [''] },
    'index.write.method': { remedy: 'Use write.method=INSERT or UPSERT.', harmless: ['insert'] },
    'key.ignore.id.strategy': {
      remedy:
        'With key.ignore=true the id is topic, partition and offset; for ids of the server use use.autogenerated.ids=true.',
      harmless: ['topic.partition.offset', 'record.key'],
    },
    'data.stream.enabled': {
      remedy: 'Use data.stream.type, or external.resource.usage=DATASTREAM.',
      harmless: ['false'],
    },
    'data.stream.prefix': { remedy: 'Use data.stream.type, or external.resource.usage=DATASTREAM.', harmless: [''] },
    'existing.resource.type': { remedy: 'Use external.resource.usage.', harmless: ['none', 'NONE'] },
    'topic.to.existing.resource.mapping': { remedy: 'Use topic.to.external.resource.mapping.', harmless: [''] },
    'behavior.on.version.conflict': {
      remedy: 'Remove it: a conflict means that the index has a newer version, which is known from its topic.',
      harmless: ['ignore'],
    },
    'connection.trust.all.certificates': { remedy: 'Use millrace.tls.ca.file.', harmless: ['false'] },
  };

/** Keys that only tune another implementation: accepted and without effect. */
const WITHOUT_EFFECT: readonly string[] = [
  'linger.ms',
  'max.buffered.records',
  'flush.synchronously',
  'connection.timeout.ms',
  'max.connection.idle.time.ms',
  'max.external.resource.mappings',
  'log.sensitive.data',
  'auto.create',
];

function exactly(key: string, inert: boolean): OptionPattern {
  const notes = {
    doc: 'Known from other search sinks; has no effect here, or only one value.',
    optional: true,
  } as const;
  const secret = key.endsWith('.password');
  return {
    key: new RegExp(`^${key.replaceAll('.', String.raw`\.`)}$`),
    shown: key,
    schema: secret ? option.password(notes) : option.string({ ...notes, ...(inert ? { inert: [] } : {}) }),
  };
}

export const elasticsearchOptions = optionSet(
  'elasticsearch',
  { ...connection, ...writing, ...documents, ...indexes, ...errors },
  [...Object.keys(UNSUPPORTED).map((key) => exactly(key, false)), ...WITHOUT_EFFECT.map((key) => exactly(key, true))],
);

export type ElasticsearchOptions = Options<typeof elasticsearchOptions>;
