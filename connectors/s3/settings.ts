import type { RawConfig } from '../../runtime/connector/options.ts';
import { parseOptions } from '../../runtime/connector/options.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import type { ArchiveSettings, Companion, NullValues } from './archive-settings.ts';
import { byteArrays } from './format/byte-array.ts';
import type { Compression, FileFormat } from './format/file-encoder.ts';
import { jsonLines } from './format/json-lines.ts';
import { parquet } from './format/parquet.ts';
import { formatName, partitionerName } from './class-names.ts';
import { s3Options, type S3Options } from './options.ts';
import { defaultPartitioner, timePartitioner, type Partitioner } from './partition/partitioner.ts';
import { recordTime } from './partition/record-time.ts';
import { zoneOffset } from './partition/zone.ts';
import { validateOptions } from './validate.ts';

const HOUR_MS = 3_600_000;
const PRESETS = {
  Daily: { durationMs: 24 * HOUR_MS, pathFormat: "'year'=YYYY/'month'=MM/'day'=dd" },
  Hourly: { durationMs: HOUR_MS, pathFormat: "'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH" },
} as const;

/** Parses and checks a configuration; throws `CONFIG_INVALID` or `S3_CONFIG_INVALID` naming the keys. */
export function parseConfig(config: RawConfig): S3Options {
  const options = parseOptions(s3Options, config);
  const [first, ...rest] = validateOptions(config, options);
  if (first === undefined) return options;
  const message = [first, ...rest].map((problem) => `${problem.key}: ${problem.message}`).join('\n');
  throw new MillraceError('S3_CONFIG_INVALID', message, {
    kind: 'config',
    key: first.key,
    remedy: `Correct ${first.key}.`,
  });
}

/** How records become files, from checked options. */
export function archiveSettings(options: S3Options): ArchiveSettings {
  const nullValues: NullValues = options['millrace.envelope'] ? 'write' : options['behavior.on.null.values'];
  const partitioner = makePartitioner(options);
  const extractor = options['timestamp.extractor'] ?? (partitioner.timeBased ? 'Wallclock' : 'Record');
  return {
    naming: {
      topicsDir: options['topics.dir'],
      directoryDelim: options['directory.delim'],
      fileDelim: options['file.delim'],
      padWidth: options['filename.offset.zero.pad.width'],
    },
    partitioner,
    recordTime: recordTime(extractor, options['timestamp.field']),
    wallclock: partitioner.timeBased && extractor === 'Wallclock',
    rules: {
      flushSize: limit(options['flush.size']),
      bytes: limit(options['millrace.rotate.bytes']),
      intervalMs: limit(options['rotate.interval.ms']),
      onPartitionChange: partitioner.timeBased && options['rotate.file.on.partition.change'],
      scheduleMs: limit(options['rotate.schedule.interval.ms']),
      maxOpenFiles: options['partitioner.max.open.files'],
    },
    zone: zoneOffset(options.timezone === '' ? 'UTC' : options.timezone),
    nullValues,
    tombstonePartition: options['millrace.envelope'] ? null : 'tombstone',
    companions: companions(options),
  };
}

/** Negative: no limit. */
function limit(value: number | undefined): number | null {
  return value === undefined || value < 0 ? null : value;
}

function makePartitioner(options: S3Options): Partitioner {
  const name = partitionerName(options['partitioner.class']);
  const timezone = options.timezone === '' ? 'UTC' : options.timezone;
  if (name === 'Daily' || name === 'Hourly') return timePartitioner({ ...PRESETS[name], timezone });
  if (name !== 'TimeBased') return defaultPartitioner();
  return timePartitioner({
    pathFormat: options['path.format'],
    durationMs: options['partition.duration.ms'],
    timezone,
  });
}

function companions(options: S3Options): readonly Companion[] {
  const compression = compressionOf(options);
  const lines = (content: 'key' | 'headers'): FileFormat =>
    jsonLines({ content, decimals: options['json.decimal.format'], compression });
  return [
    { suffix: '', format: mainFormat(options, compression) },
    ...(options['store.kafka.keys'] ? [{ suffix: '.keys', format: lines('key') }] : []),
    ...(options['store.kafka.headers'] ? [{ suffix: '.headers', format: lines('headers') }] : []),
  ];
}

function compressionOf(options: S3Options): Compression {
  return { type: options['s3.compression.type'], level: options['s3.compression.level'] };
}

function mainFormat(options: S3Options, compression: Compression): FileFormat {
  switch (formatName(options['format.class'])) {
    case 'Parquet':
      return parquet({
        envelope: options['millrace.envelope'],
        codec: options['parquet.codec'],
        rowGroupBytes: options['millrace.parquet.row.group.bytes'],
      });
    case 'ByteArray': {
      const separator = Buffer.from(options['format.bytearray.separator'] ?? '\n');
      return byteArrays({ extension: options['format.bytearray.extension'], separator, compression });
    }
    default: {
      const content = options['millrace.envelope'] ? 'envelope' : 'value';
      return jsonLines({ content, decimals: options['json.decimal.format'], compression });
    }
  }
}
