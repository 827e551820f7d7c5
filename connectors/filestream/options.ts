import { option, optionSet, type Options } from '../../runtime/connector/options.ts';

const group = 'File';

/** Options of Kafka Connect's `FileStreamSourceConnector`. */
export const fileStreamSourceOptions = optionSet('filestream-source', {
  file: option.string({
    doc: 'File to read, line by line, as it grows. It need not exist yet. (Standard input is not offered: tasks run in threads.)',
    importance: 'HIGH',
    group,
    minLength: 1,
  }),
  topic: option.string({
    doc: 'Topic the lines go to.',
    importance: 'HIGH',
    group,
    pattern: '^[a-zA-Z0-9._-]{1,249}$',
  }),
  'batch.size': option.int({
    doc: 'Most lines handed over at once.',
    importance: 'LOW',
    group,
    default: 2000,
    minimum: 1,
  }),
  'millrace.line.charset': option.oneOf(['UTF-8', 'ISO-8859-1'], {
    doc: 'How the bytes of the file are text. A line that is no UTF-8 is rejected; ISO-8859-1 reads any bytes. Lines that were rejected are redriven by what is set here then.',
    importance: 'LOW',
    group,
    default: 'UTF-8',
  }),
  'millrace.line.max.bytes': option.int({
    doc: 'Longest line in bytes; a longer one stops the task.',
    importance: 'LOW',
    group,
    default: 1048576,
    minimum: 1,
    maximum: 1073741824,
  }),
});

/** Options of Kafka Connect's `FileStreamSinkConnector`. */
export const fileStreamSinkOptions = optionSet('filestream-sink', {
  file: option.string({
    doc: 'File that values are appended to, a line each. (Standard output is not offered: it is the worker’s log.)',
    importance: 'HIGH',
    group,
    minLength: 1,
  }),
  'millrace.file.exactly.once': option.boolean({
    doc: 'Whether each record is in the file once, after crashes too: a file `.<name>.offsets` beside it says what it holds, and what lies behind that after a crash is cut off. What the file held before is kept. Nobody else may write the file then.',
    group,
    default: false,
  }),
});

export type FileStreamSourceOptions = Options<typeof fileStreamSourceOptions>;
export type FileStreamSinkOptions = Options<typeof fileStreamSinkOptions>;
