import type { SinkConnector, SourceConnector } from '../../runtime/connector/connector.ts';
import { checkOptions, parseOptions } from '../../runtime/connector/options.ts';
import { VERSION } from '../../runtime/connector/version.ts';
import { checkOffsets } from './offset.ts';
import { previewLines } from './preview.ts';
import { fileStreamSinkOptions, fileStreamSourceOptions } from './options.ts';
import { FileStreamSinkTask } from './sink-task.ts';
import { FileStreamSourceTask } from './source-task.ts';
import { rewindFile, sampleLines } from './upstream.ts';

/** The sink's journal lies beside its file. */
function filesOf(
  options: typeof fileStreamSourceOptions | typeof fileStreamSinkOptions,
): NonNullable<SinkConnector['files']> {
  return (config) => {
    const file: string | undefined = checkOptions(options, config).options.file;
    return file === undefined ? [] : [{ key: 'file', path: file }];
  };
}

/** The lines of a file, as it grows. */
export const fileStreamSource: SourceConnector = {
  kind: 'source',
  className: 'filestream-source',
  aliases: ['org.apache.kafka.connect.file.FileStreamSourceConnector'],
  version: VERSION,
  options: fileStreamSourceOptions,
  exactlyOnce: true,
  files: filesOf(fileStreamSourceOptions),
  plan: (config) => [config],
  createTask: (config) => new FileStreamSourceTask(parseOptions(fileStreamSourceOptions, config)),
  alterOffsets: async (_call, offsets) => checkOffsets(offsets),
  sample: (call, count) => sampleLines(parseOptions(fileStreamSourceOptions, call.config), call, count),
  rewind: (call, stored, to) => rewindFile(parseOptions(fileStreamSourceOptions, call.config), call, stored, to),
};

/** Appends values to a file. One task: two would write into each other's lines. */
export const fileStreamSink: SinkConnector = {
  kind: 'sink',
  className: 'filestream-sink',
  aliases: ['org.apache.kafka.connect.file.FileStreamSinkConnector'],
  version: VERSION,
  options: fileStreamSinkOptions,
  files: filesOf(fileStreamSinkOptions),
  plan: (config) => [config],
  createTask: (config) => new FileStreamSinkTask(parseOptions(fileStreamSinkOptions, config)),
  preview: async ({ config }, records) => previewLines(parseOptions(fileStreamSinkOptions, config).file, records),
};
