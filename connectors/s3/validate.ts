import type { RawConfig } from '../../runtime/connector/options.ts';
import { messageOf } from '../../runtime/record/thrown.ts';
import { formatName, partitionerName } from './class-names.ts';
import { UNSUPPORTED, type S3Options } from './options.ts';
import { compileTimePattern } from './partition/time-pattern.ts';
import { isZone } from './partition/zone.ts';

interface OptionProblem {
  readonly key: string;
  readonly message: string;
}

/** What is wrong with options that are right one by one. Pure; every problem at once. */
export function validateOptions(raw: RawConfig, options: S3Options): readonly OptionProblem[] {
  return [
    ...unsupported(raw),
    ...storeProblems(options),
    ...formatProblems(options),
    ...partitionProblems(raw, options),
    ...rotationProblems(options),
  ];
}

function unsupported(raw: RawConfig): OptionProblem[] {
  return Object.entries(UNSUPPORTED)
    .filter(([key, { harmless }]) => raw[key] !== undefined && !harmless.includes(raw[key]))
    .map(([key, { remedy }]) => ({ key, message: `${key} is not supported. ${remedy}` }));
}

function storeProblems(options: S3Options): OptionProblem[] {
  const problems: OptionProblem[] = [];
  const url = options['store.url'] ?? '';
  const scheme = url === '' ? 'https' : /^(file|https?):\/\/./.exec(url)?.[1];
  if (scheme === undefined)
    problems.push({ key: 'store.url', message: 'Use file:///path, http://host:port or https://host.' });
  if (scheme === 'file' && !url.startsWith('file:///')) {
    problems.push({ key: 'store.url', message: 'A file URL names an absolute path: file:///path.' });
  }
  if (scheme !== undefined && scheme !== 'file' && (options['s3.bucket.name'] ?? '') === '') {
    problems.push({ key: 's3.bucket.name', message: 'Name the bucket, or use a file:// store.url.' });
  }
  if (scheme === 'file' && options['directory.delim'] !== '/') {
    problems.push({ key: 'directory.delim', message: 'Folders are separated by / in a file:// store.' });
  }
  if ((options['aws.access.key.id'] === '') !== (options['aws.secret.access.key'] === '')) {
    const key = options['aws.access.key.id'] === '' ? 'aws.access.key.id' : 'aws.secret.access.key';
    problems.push({ key, message: 'Set both aws.access.key.id and aws.secret.access.key, or neither.' });
  }
  if (options['s3.wan.mode'] && (options['s3.path.style.access.enabled'] || url !== '')) {
    problems.push({ key: 's3.wan.mode', message: 'Needs s3.path.style.access.enabled=false and no store.url.' });
  }
  if (options['s3.sse.kms.key.id'] !== '' && options['s3.ssea.name'] !== 'aws:kms') {
    problems.push({ key: 's3.sse.kms.key.id', message: 'Needs s3.ssea.name=aws:kms.' });
  }
  return [...problems, ...nameProblems(options)];
}

function nameProblems(options: S3Options): OptionProblem[] {
  const problems: OptionProblem[] = [];
  const parts = options['topics.dir'].split('/');
  const relative = options['topics.dir'] === '' || parts.every((part) => part !== '' && part !== '.' && part !== '..');
  if (!relative)
    problems.push({ key: 'topics.dir', message: 'Use a relative path without . and .. and without a / at its ends.' });
  if (options['directory.delim'] === '') problems.push({ key: 'directory.delim', message: 'May not be empty.' });
  if (/[/\\]/.test(options['file.delim']))
    problems.push({ key: 'file.delim', message: 'May not be a folder separator.' });
  return problems;
}

function formatProblems(options: S3Options): OptionProblem[] {
  const problems: OptionProblem[] = [];
  const format = formatName(options['format.class']);
  if (format === undefined) {
    problems.push({
      key: 'format.class',
      message: 'Use JsonFormat, ParquetFormat or ByteArrayFormat; Avro is not supported.',
    });
  }
  for (const key of ['keys.format.class', 'headers.format.class'] as const) {
    if (formatName(options[key]) !== 'Json') problems.push({ key, message: 'Only JsonFormat is supported.' });
  }
  if (format === 'Parquet' && options['s3.compression.type'] !== 'none') {
    problems.push({ key: 's3.compression.type', message: 'Parquet compresses inside the file: use parquet.codec.' });
  }
  if (options['s3.compression.type'] === 'gzip' && options['s3.compression.level'] > 9) {
    problems.push({ key: 's3.compression.level', message: 'gzip has levels 0 to 9.' });
  }
  if (options['millrace.envelope'] && format === 'ByteArray') {
    problems.push({ key: 'millrace.envelope', message: 'Needs JsonFormat or ParquetFormat.' });
  }
  if (options['schema.compatibility'] !== 'NONE') {
    problems.push({ key: 'schema.compatibility', message: 'Records are not projected to other schemas: use NONE.' });
  }
  return [...problems, ...parallelProblems(options)];
}

function parallelProblems(options: S3Options): OptionProblem[] {
  const problems: OptionProblem[] = [];
  if (options['millrace.envelope'] && (options['store.kafka.keys'] || options['store.kafka.headers'])) {
    const key = options['store.kafka.keys'] ? 'store.kafka.keys' : 'store.kafka.headers';
    problems.push({ key, message: 'With millrace.envelope keys and headers are in the records already.' });
  }
  const writes = options['behavior.on.null.values'] === 'write';
  if (writes && !options['millrace.envelope'] && !options['store.kafka.keys']) {
    const message = 'A tombstone without its key says nothing: set millrace.envelope=true or store.kafka.keys=true.';
    problems.push({ key: 'behavior.on.null.values', message });
  }
  if (writes && !options['millrace.envelope'] && formatName(options['format.class']) === 'Parquet') {
    problems.push({
      key: 'behavior.on.null.values',
      message: 'Parquet writes tombstones with millrace.envelope=true only.',
    });
  }
  return problems;
}

function partitionProblems(raw: RawConfig, options: S3Options): OptionProblem[] {
  const problems: OptionProblem[] = [];
  const name = partitionerName(options['partitioner.class']);
  if (name === undefined) {
    const message = 'Use DefaultPartitioner, TimeBasedPartitioner, DailyPartitioner or HourlyPartitioner.';
    problems.push({ key: 'partitioner.class', message });
  }
  if (options.timezone !== '' && !isZone(options.timezone)) {
    problems.push({ key: 'timezone', message: `${options.timezone} is not a time zone.` });
  }
  const timed = name !== 'Default' && name !== undefined;
  const scheduled = options['rotate.schedule.interval.ms'] > 0;
  if ((timed || scheduled) && options.timezone === '') {
    problems.push({
      key: 'timezone',
      message: 'Needed by a time partitioner and by rotate.schedule.interval.ms: UTC, Europe/Berlin.',
    });
  }
  if (name !== 'TimeBased') return problems;
  if (options['partition.duration.ms'] < 1) {
    problems.push({ key: 'partition.duration.ms', message: 'The TimeBasedPartitioner needs a length above 0.' });
  }
  return [...problems, ...patternProblems(raw['path.format'] ?? '')];
}

function patternProblems(pattern: string): OptionProblem[] {
  try {
    const parts = compileTimePattern(pattern)(0).split('/');
    return parts.some((part) => part === '' || part === '.' || part === '..')
      ? [{ key: 'path.format', message: 'Its folders may not be empty, . or .. .' }]
      : [];
  } catch (error) {
    const problem = messageOf(error);
    return [
      { key: 'path.format', message: `The TimeBasedPartitioner needs a pattern such as 'day'=YYYY-MM-dd: ${problem}.` },
    ];
  }
}

function rotationProblems(options: S3Options): OptionProblem[] {
  const problems: OptionProblem[] = [];
  for (const key of ['millrace.rotate.bytes', 'rotate.interval.ms', 'rotate.schedule.interval.ms'] as const) {
    if (options[key] === 0) problems.push({ key, message: 'Use a value above 0, or -1 for none.' });
  }
  const limits = [
    options['millrace.rotate.bytes'],
    options['rotate.interval.ms'],
    options['rotate.schedule.interval.ms'],
  ];
  if (options['flush.size'] === undefined && limits.every((limit) => limit <= 0)) {
    const message =
      'No file would ever be finished: set flush.size, millrace.rotate.bytes, rotate.interval.ms or rotate.schedule.interval.ms.';
    problems.push({ key: 'flush.size', message });
  }
  return problems;
}
