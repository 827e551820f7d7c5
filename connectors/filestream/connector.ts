import type { SinkConnector, SourceConnector } from '../../runtime/connector/connector.ts';
import { parseOptions } from '../../runtime/connector/options.ts';
import { VERSION } from '../../runtime/connector/version.ts';
import { checkOffsets } from './offset.ts';
import { fileStreamSinkOptions, fileStreamSourceOptions } from './options.ts';
import { FileStreamSinkTask } from './sink-task.ts';
import { FileStreamSourceTask } from './source-task.ts';

/** The lines of a file, as it grows. */
export const fileStreamSource: SourceConnector = {
  kind: 'source',
  className: 'filestream-source',
  aliases: ['org.apache.kafka.connect.file.FileStreamSourceConnector'],
  version: VERSION,
  options: fileStreamSourceOptions,
  exactlyOnce: true,
  plan: (config) => [config],
  createTask: (config) => new FileStreamSourceTask(parseOptions(fileStreamSourceOptions, config)),
  alterOffsets: async (_call, offsets) => checkOffsets(offsets),
};

/** Appends values to a file. One task: two would write into each other's lines. */
export const fileStreamSink: SinkConnector = {
  kind: 'sink',
  className: 'filestream-sink',
  aliases: ['org.apache.kafka.connect.file.FileStreamSinkConnector'],
  version: VERSION,
  options: fileStreamSinkOptions,
  plan: (config) => [config],
  createTask: (config) => new FileStreamSinkTask(parseOptions(fileStreamSinkOptions, config)),
};
