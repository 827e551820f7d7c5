import type { SinkConnector } from '../../runtime/connector/connector.ts';
import { checkOptions, type RawConfig } from '../../runtime/connector/options.ts';
import { check } from './check.ts';
import { s3Options } from './options.ts';
import { S3SinkTask } from './task.ts';
import { validateOptions } from './validate.ts';

export const S3_SINK_CLASS = 'io.confluent.connect.s3.S3SinkConnector';

/** Archives topics as files in S3, a compatible store, or a folder. */
export const s3Sink: SinkConnector = {
  kind: 'sink',
  className: 's3',
  aliases: [S3_SINK_CLASS, 'S3SinkConnector', 'S3Sink'],
  version: '0.1.0',
  options: s3Options,
  validate(config: RawConfig) {
    const { options, errors } = checkOptions(s3Options, config);
    return errors.length > 0 ? [] : validateOptions(config, options);
  },
  check,
  /** Every task has the same configuration; the hub's consumer group divides the partitions. */
  plan: (config, tasksMax) => Array.from({ length: tasksMax }, () => config),
  createTask: (config) => new S3SinkTask(config),
};
