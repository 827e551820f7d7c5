import { describe, expect, test } from 'vitest';
import { connector } from '../../../../connectors/s3/index.ts';
import { findConnector, registeredConnectors } from '../../../../connectors/registry.ts';
import { unknownOptions, type RawConfig } from '../../../../runtime/connector/options.ts';
import { configProblems } from '../config-problems.ts';

const FOLDER = { 'store.url': 'file:///data', 'flush.size': '10' };
/** As its users have it for the JVM. */
const PASTED: RawConfig = {
  'flush.size': '1000',
  'storage.class': 'io.confluent.connect.s3.storage.S3Storage',
  'format.class': 'io.confluent.connect.s3.format.json.JsonFormat',
  's3.bucket.name': 'archive',
  's3.region': 'eu-central-1',
  's3.part.size': '5242880',
  's3.compression.type': 'gzip',
  'partitioner.class': 'io.confluent.connect.storage.partitioner.TimeBasedPartitioner',
  'path.format': "'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH",
  'partition.duration.ms': '3600000',
  locale: 'en-US',
  timezone: 'UTC',
  'timestamp.extractor': 'Record',
  'rotate.schedule.interval.ms': '600000',
  'schema.compatibility': 'NONE',
  's3.elastic.buffer.enable': 'true',
};

function problems(config: RawConfig): readonly string[] {
  return configProblems(connector, config).map(({ key }) => key);
}

test('a configuration for the JVM is taken unchanged, no key of it unknown', () => {
  expect(problems(PASTED)).toEqual([]);
  expect(unknownOptions([connector.options], PASTED)).toEqual([]);
});

test.each<[string, RawConfig]>([
  ['Parquet', { 'format.class': 'io.confluent.connect.s3.format.parquet.ParquetFormat', 'parquet.codec': 'zstd' }],
  ['bytes', { 'format.class': 'ByteArrayFormat' }],
  ['the envelope', { 'millrace.envelope': 'true' }],
  ['days', { 'partitioner.class': 'DailyPartitioner', timezone: 'Europe/Berlin' }],
  ['a schedule alone', { 'flush.size': '1', 'rotate.schedule.interval.ms': '60000', timezone: 'UTC' }],
  ['keys beside tombstones', { 'behavior.on.null.values': 'write', 'store.kafka.keys': 'true' }],
])('%s is accepted', (_what, more) => {
  expect(problems({ ...FOLDER, ...more })).toEqual([]);
});

describe('a wrong configuration is refused at the key', () => {
  test.each<[string, RawConfig]>([
    ['flush.size', { 'store.url': 'file:///data' }],
    ['flush.size', { ...FOLDER, 'flush.size': '0' }],
    ['store.url', { ...FOLDER, 'store.url': 'ftp://host' }],
    ['store.url', { ...FOLDER, 'store.url': 'file://host/data' }],
    ['s3.bucket.name', { 'flush.size': '1' }],
    ['s3.part.size', { ...FOLDER, 's3.part.size': '1000' }],
    ['aws.secret.access.key', { ...FOLDER, 'aws.access.key.id': 'a' }],
    ['aws.access.key.id', { ...FOLDER, 'aws.secret.access.key': 'a' }],
    ['s3.wan.mode', { ...FOLDER, 's3.wan.mode': 'true' }],
    ['s3.sse.kms.key.id', { ...FOLDER, 's3.sse.kms.key.id': 'k' }],
    ['directory.delim', { ...FOLDER, 'directory.delim': '_' }],
    ['topics.dir', { ...FOLDER, 'topics.dir': '../up' }],
    ['topics.dir', { ...FOLDER, 'topics.dir': '/up' }],
    ['file.delim', { ...FOLDER, 'file.delim': '/' }],
    ['format.class', { ...FOLDER, 'format.class': 'io.confluent.connect.s3.format.avro.AvroFormat' }],
    ['s3.compression.type', { ...FOLDER, 'format.class': 'ParquetFormat', 's3.compression.type': 'gzip' }],
    ['s3.compression.level', { ...FOLDER, 's3.compression.type': 'gzip', 's3.compression.level': '12' }],
    ['parquet.codec', { ...FOLDER, 'format.class': 'ParquetFormat', 'parquet.codec': 'lzo' }],
    ['millrace.envelope', { ...FOLDER, 'format.class': 'ByteArrayFormat', 'millrace.envelope': 'true' }],
    ['schema.compatibility', { ...FOLDER, 'schema.compatibility': 'BACKWARD' }],
    ['behavior.on.null.values', { ...FOLDER, 'behavior.on.null.values': 'write' }],
    ['store.kafka.keys', { ...FOLDER, 'millrace.envelope': 'true', 'store.kafka.keys': 'true' }],
    ['keys.format.class', { ...FOLDER, 'keys.format.class': 'AvroFormat' }],
    [
      'partitioner.class',
      { ...FOLDER, 'partitioner.class': 'io.confluent.connect.storage.partitioner.FieldPartitioner' },
    ],
    ['partition.field.name', { ...FOLDER, 'partition.field.name': 'country' }],
    ['timezone', { ...FOLDER, timezone: 'Mars/Olympus' }],
    ['timezone', { ...FOLDER, 'partitioner.class': 'HourlyPartitioner' }],
    ['timezone', { ...FOLDER, 'rotate.schedule.interval.ms': '1000' }],
    [
      'partition.duration.ms',
      { ...FOLDER, 'partitioner.class': 'TimeBasedPartitioner', timezone: 'UTC', 'path.format': 'YYYY' },
    ],
    [
      'path.format',
      {
        ...FOLDER,
        'partitioner.class': 'TimeBasedPartitioner',
        timezone: 'UTC',
        'partition.duration.ms': '1',
        'path.format': 'MMMM',
      },
    ],
    [
      'path.format',
      {
        ...FOLDER,
        'partitioner.class': 'TimeBasedPartitioner',
        timezone: 'UTC',
        'partition.duration.ms': '1',
        'path.format': "'..'/YYYY",
      },
    ],
    ['timestamp.extractor', { ...FOLDER, 'timestamp.extractor': 'com.example.Mine' }],
    ['rotate.interval.ms', { ...FOLDER, 'rotate.interval.ms': '0' }],
    ['s3.object.tagging', { ...FOLDER, 's3.object.tagging': 'true' }],
    ['s3.credentials.provider.class', { ...FOLDER, 's3.credentials.provider.class': 'com.example.Mine' }],
  ])('%s', (key, config) => {
    expect(problems(config)).toContain(key);
  });
});

describe('the registry', () => {
  test.each(['s3', 'io.confluent.connect.s3.S3SinkConnector', 'S3SinkConnector', 'S3Sink', ' S3 '])(
    'finds it as %s',
    async (name) => {
      expect(await findConnector(name)?.load()).toBe(connector);
    },
  );

  test('finds nothing by another name', () => {
    expect(findConnector('s4')).toBeUndefined();
  });

  test('says of each connector what the connector says of itself', async () => {
    for (const entry of registeredConnectors) {
      const { className, aliases, kind } = await entry.load();
      expect({ className, kind }).toEqual({ className: entry.className, kind: entry.kind });
      expect(aliases).toEqual(expect.arrayContaining([...entry.aliases]));
    }
  });
});
