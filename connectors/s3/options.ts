import { option, optionSet, type OptionPattern, type Options } from '../../runtime/connector/options.ts';

const STORE = 'Store';
const FORMAT = 'Format';
const ROTATION = 'Rotation';
const NAMES = 'Names';
const PARTITIONS = 'Partitions';

const store = {
  'store.url': option.string({
    doc: 'Where the bucket is: `file:///path` for a local folder, or the address of an S3-compatible server. Empty: AWS.',
    importance: 'HIGH',
    group: STORE,
    optional: true,
  }),
  's3.bucket.name': option.string({
    doc: 'The bucket. With a `file://` store it is optional, a folder below the path.',
    importance: 'HIGH',
    group: STORE,
    optional: true,
  }),
  's3.region': option.string({ doc: 'Region of the bucket.', group: STORE, default: 'us-west-2' }),
  's3.part.size': option.int({
    doc: 'Bytes of one part of a multipart upload, held in memory per open file.',
    group: STORE,
    default: 26214400,
    minimum: 5242880,
  }),
  's3.path.style.access.enabled': option.boolean({
    doc: 'Address the bucket by path instead of by host name.',
    group: STORE,
    default: true,
  }),
  's3.wan.mode': option.boolean({ doc: "Use the bucket's accelerated endpoint.", group: STORE, default: false }),
  'aws.access.key.id': option.string({
    doc: "Access key; empty: the AWS SDK's own chain (environment, profile, web identity, instance).",
    group: STORE,
    default: '',
  }),
  'aws.secret.access.key': option.password({ doc: 'Secret of the access key.', group: STORE, default: '' }),
  's3.ssea.name': option.oneOf(['', 'AES256', 'aws:kms'], {
    doc: 'Server-side encryption.',
    group: STORE,
    default: '',
  }),
  's3.sse.kms.key.id': option.string({ doc: 'KMS key for `aws:kms`.', group: STORE, default: '' }),
  's3.acl.canned': option.oneOf(
    [
      '',
      'private',
      'public-read',
      'public-read-write',
      'authenticated-read',
      'aws-exec-read',
      'bucket-owner-read',
      'bucket-owner-full-control',
    ],
    { doc: 'Canned ACL put on each object.', group: STORE, default: '' },
  ),
  's3.part.retries': option.int({
    doc: 'Retries of one request before the partition is read again from its last closed file.',
    group: STORE,
    default: 3,
    minimum: 0,
    maximum: 100,
  }),
  'retry.backoff.ms': option.long({
    doc: 'Pause before a partition is read again after a failed upload.',
    group: STORE,
    default: 5000,
    minimum: 0,
  }),
  'enable.conditional.writes': option.boolean({
    doc: 'Never replace an object that exists (`If-None-Match: *`). Off: an older writer may overwrite a newer file.',
    group: STORE,
    default: true,
  }),
  'millrace.buffer.bytes': option.long({
    doc: 'Bytes a task may hold for all its open files. Beyond it, parts are sent early and then files closed early.',
    group: STORE,
    default: 268435456,
    minimum: 16777216,
  }),
};

const format = {
  'format.class': option.className({
    doc: 'JsonFormat (one document a line), ParquetFormat or ByteArrayFormat; the Java class names are accepted.',
    importance: 'HIGH',
    group: FORMAT,
    default: 'JsonFormat',
  }),
  's3.compression.type': option.oneOf(['none', 'gzip', 'zstd'], {
    doc: 'Compression of JSON and byte-array files.',
    group: FORMAT,
    default: 'none',
  }),
  's3.compression.level': option.int({
    doc: 'Compression level; -1: the default of the algorithm.',
    group: FORMAT,
    default: -1,
    minimum: -1,
    maximum: 22,
  }),
  'parquet.codec': option.oneOf(['none', 'snappy', 'gzip', 'zstd'], {
    doc: 'Compression inside Parquet files.',
    group: FORMAT,
    default: 'snappy',
  }),
  'millrace.parquet.row.group.bytes': option.int({
    doc: 'Record bytes gathered in memory before a Parquet row group is written.',
    group: FORMAT,
    default: 8388608,
    minimum: 65536,
    maximum: 268435456,
  }),
  'millrace.envelope': option.boolean({
    doc: 'Write topic, partition, offset, timestamp, key, value and headers of each record, so that the archive can be replayed.',
    importance: 'HIGH',
    group: FORMAT,
    default: false,
  }),
  'json.decimal.format': option.oneOf(['BASE64', 'NUMERIC'], {
    doc: 'How Decimal values are written where JSON is made from values.',
    group: FORMAT,
    default: 'BASE64',
  }),
  'format.bytearray.extension': option.string({
    doc: 'File extension of byte-array files.',
    group: FORMAT,
    default: '.bin',
  }),
  'format.bytearray.separator': option.string({
    doc: 'Written after each record of a byte-array file; default: a newline.',
    group: FORMAT,
    optional: true,
  }),
  'behavior.on.null.values': option.oneOf(['fail', 'ignore', 'write'], {
    doc: 'Tombstones: reject, skip and count, or write. With `millrace.envelope` they are always written.',
    group: FORMAT,
    default: 'fail',
  }),
  'store.kafka.keys': option.boolean({
    doc: 'Write the keys to a parallel file `….keys.json`.',
    group: FORMAT,
    default: false,
  }),
  'store.kafka.headers': option.boolean({
    doc: 'Write the headers to a parallel file `….headers.json`.',
    group: FORMAT,
    default: false,
  }),
  'keys.format.class': option.className({
    doc: 'Format of the key files: JsonFormat.',
    group: FORMAT,
    default: 'JsonFormat',
  }),
  'headers.format.class': option.className({
    doc: 'Format of the header files: JsonFormat.',
    group: FORMAT,
    default: 'JsonFormat',
  }),
  'schema.compatibility': option.oneOf(['NONE', 'BACKWARD', 'FORWARD', 'FULL'], {
    doc: 'NONE: a file has one schema, a changed schema starts a new file. The others are not supported.',
    group: FORMAT,
    default: 'NONE',
  }),
};

const rotation = {
  'flush.size': option.int({
    doc: 'Records of a topic partition, over all its open files, after which they are closed.',
    importance: 'HIGH',
    group: ROTATION,
    minimum: 1,
    optional: true,
  }),
  'millrace.rotate.bytes': option.long({
    doc: 'Key and value bytes of a topic partition after which its files are closed; -1: no limit.',
    group: ROTATION,
    default: -1,
    minimum: -1,
  }),
  'rotate.interval.ms': option.long({
    doc: 'Span of record time after which files are closed; -1: none. Needs a later record to be seen.',
    importance: 'HIGH',
    group: ROTATION,
    default: -1,
    minimum: -1,
  }),
  'rotate.file.on.partition.change': option.boolean({
    doc: 'With rotate.interval.ms: also close files when the time partition of the records changes.',
    group: ROTATION,
    default: true,
  }),
  'rotate.schedule.interval.ms': option.long({
    doc: 'Wall-clock interval, counted from midnight in `timezone`, after which files are closed even without new records; -1: none.',
    group: ROTATION,
    default: -1,
    minimum: -1,
  }),
  'partitioner.max.open.files': option.int({
    doc: 'Open files of a topic partition before they are all closed.',
    group: ROTATION,
    default: 100,
    minimum: 1,
  }),
};

const names = {
  'topics.dir': option.string({ doc: 'Prefix of all object names.', group: NAMES, default: 'topics' }),
  'directory.delim': option.string({ doc: 'Between the parts of a name.', group: NAMES, default: '/' }),
  'file.delim': option.string({
    doc: 'Between topic, partition and offset.',
    group: NAMES,
    default: '+',
    minLength: 1,
  }),
  'filename.offset.zero.pad.width': option.int({
    doc: 'Digits of the first offset in the name.',
    group: NAMES,
    default: 10,
    minimum: 0,
    maximum: 32,
  }),
};

const partitions = {
  'partitioner.class': option.className({
    doc: 'DefaultPartitioner, TimeBasedPartitioner, DailyPartitioner or HourlyPartitioner; the Java class names are accepted.',
    importance: 'HIGH',
    group: PARTITIONS,
    default: 'DefaultPartitioner',
  }),
  'path.format': option.string({
    doc: "Folder of a time partition: `'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH`. Letters: y Y x M d D H k h K m s S e w.",
    group: PARTITIONS,
    default: '',
  }),
  'partition.duration.ms': option.long({
    doc: 'Length of a time partition.',
    group: PARTITIONS,
    default: -1,
    minimum: -1,
  }),
  timezone: option.string({
    doc: 'Time zone of partitions and schedule: `Europe/Berlin`.',
    group: PARTITIONS,
    default: '',
  }),
  locale: option.string({ doc: 'Accepted; the patterns supported have no words.', group: PARTITIONS, default: '' }),
  'timestamp.extractor': option.oneOf(['Wallclock', 'Record', 'RecordField'], {
    doc: "A record's time. Default: Wallclock with a time partitioner, as elsewhere; Record is the safe choice, since a replay must find the same names.",
    group: PARTITIONS,
    optional: true,
  }),
  'timestamp.field': option.string({
    doc: 'With RecordField: the field, dotted where nested.',
    group: PARTITIONS,
    default: 'timestamp',
  }),
};

/**
 * Keys of other S3 sinks that this one does not have, with what to do; values in `harmless` change
 * nothing and are accepted.
 */
export const UNSUPPORTED: Readonly<Record<string, { readonly remedy: string; readonly harmless: readonly string[] }>> =
  {
    'avro.codec': { remedy: 'Use JsonFormat or ParquetFormat and remove it.', harmless: ['null'] },
    'partition.field.name': {
      remedy: 'Use a time partitioner, or route by a transform, and remove it.',
      harmless: [''],
    },
    's3.credentials.provider.class': {
      remedy:
        "Remove it: without aws.access.key.id the AWS SDK's chain is used, which covers profiles, web identity and instances.",
      harmless: ['com.amazonaws.auth.DefaultAWSCredentialsProviderChain'],
    },
    's3.sse.customer.key': { remedy: 'Use s3.ssea.name=AES256 or aws:kms and remove it.', harmless: [''] },
    's3.object.tagging': {
      remedy: 'Remove it: offsets and counts stand in the metadata of each object.',
      harmless: ['false'],
    },
    's3.object.tagging.key.value.pairs': { remedy: 'Remove it.', harmless: [''] },
    's3.schema.partition.affix.type': { remedy: 'Remove it.', harmless: ['NONE'] },
    's3.proxy.url': { remedy: 'Remove it; proxies are not supported.', harmless: [''] },
    's3.proxy.user': { remedy: 'Remove it; proxies are not supported.', harmless: [''] },
    's3.proxy.password': { remedy: 'Remove it; proxies are not supported.', harmless: ['', '[hidden]'] },
    'storage.class': {
      remedy: 'Remove it; store.url chooses the store.',
      harmless: ['io.confluent.connect.s3.storage.S3Storage'],
    },
  };

/** Keys that only tune another implementation: accepted and without effect. */
const WITHOUT_EFFECT: readonly string[] = [
  's3.elastic.buffer.enable',
  's3.elastic.buffer.init.capacity',
  's3.http.send.expect.continue',
  's3.send.digest',
  's3.retry.backoff.ms',
  's3.object.behavior.on.tagging.error',
  'enhanced.avro.schema.support',
  'connect.meta.data',
  'allow.optional.map.keys',
  'schema.cache.size',
  'shutdown.timeout.ms',
  'max.write.duration.ms',
  'max.files.scan.limit',
  'report.null.values.to.dlq',
];

function exactly(key: string, inert: boolean): OptionPattern {
  return {
    key: new RegExp(`^${key.replaceAll('.', String.raw`\.`)}$`),
    shown: key,
    schema: option.string({
      doc: 'Known from other S3 sinks; has no effect here, or only one value.',
      optional: true,
      ...(inert ? { inert: [] } : {}),
    }),
  };
}

export const s3Options = optionSet('s3', { ...store, ...format, ...rotation, ...names, ...partitions }, [
  ...Object.keys(UNSUPPORTED).map((key) => exactly(key, false)),
  ...WITHOUT_EFFECT.map((key) => exactly(key, true)),
]);

export type S3Options = Options<typeof s3Options>;
