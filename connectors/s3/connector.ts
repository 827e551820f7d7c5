import type { SinkConnector } from '../../runtime/connector/connector.ts';
import { checkOptions, type RawConfig } from '../../runtime/connector/options.ts';
import { VERSION } from '../../runtime/connector/version.ts';
import { check } from './check.ts';
import { localRoot } from './store/open-store.ts';
import { s3Options } from './options.ts';
import { previewFiles } from './preview.ts';
import { startsOfSpans } from './rewind.ts';
import { S3SinkTask } from './task.ts';
import { validateOptions } from './validate.ts';

/** Archives topics as files in S3, a compatible store, or a folder. */
export const s3Sink: SinkConnector = {
  kind: 'sink',
  className: 's3',
  aliases: ['io.confluent.connect.s3.S3SinkConnector'],
  version: VERSION,
  options: s3Options,
  validate(config: RawConfig) {
    const { options, errors } = checkOptions(s3Options, config);
    return errors.length > 0 ? [] : validateOptions(config, options);
  },
  files(config: RawConfig) {
    try {
      const { options } = checkOptions(s3Options, config);
      const root = localRoot(options);
      if (root === null) return [];
      return [{ key: 'store.url', path: `${root}/${options['topics.dir']}` }];
    } catch {
      // No file URL: `validate` says so.
      return [];
    }
  },
  check,
  /** Every task has the same configuration; the hub's consumer group divides the partitions. */
  plan: (config, tasksMax) => Array.from({ length: tasksMax }, () => config),
  createTask: (config) => new S3SinkTask(config),
  preview: previewFiles,
  rewindFrom: startsOfSpans,
};
