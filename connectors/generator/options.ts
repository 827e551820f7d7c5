import { option, optionSet, type Options } from '../../runtime/connector/options.ts';

const RECORDS = 'Records';
const PACE = 'Pace';

/** Number of the task, from 0: set by `plan`. */
export const TASK_KEY = 'task.id';

export const generatorOptions = optionSet('generator', {
  topic: option.string({
    doc: 'Topic the records go to.',
    importance: 'HIGH',
    group: RECORDS,
    pattern: '^[a-zA-Z0-9._-]{1,249}$',
  }),
  records: option.long({
    doc: 'Records each task makes, and then ends; -1: without end.',
    importance: 'HIGH',
    group: RECORDS,
    default: -1,
    minimum: -1,
  }),
  'record.bytes': option.int({
    doc: 'Bytes of a value: of its JSON where value.shape is struct (never fewer than its numbers take), else of the text.',
    group: RECORDS,
    default: 200,
    minimum: 1,
    maximum: 1048576,
  }),
  keys: option.long({
    doc: 'Distinct keys of each task; those of different tasks differ.',
    group: RECORDS,
    default: 1000,
    minimum: 1,
    maximum: 1000000000000,
  }),
  'key.shape': option.oneOf(['string', 'int', 'none'], {
    doc: 'string: `key-17`; int: the int64 17; none: no key.',
    group: RECORDS,
    default: 'string',
  }),
  'value.shape': option.oneOf(['struct', 'text'], {
    doc: 'struct: task, sequence number, key and a text; text: the text alone.',
    group: RECORDS,
    default: 'struct',
  }),
  seed: option.long({
    doc: 'What keys and texts are computed from. Another seed makes other records and starts at the first.',
    group: RECORDS,
    default: 0,
    minimum: 0,
  }),
  throughput: option.double({
    doc: 'Records per second and task; -1: as fast as they are taken.',
    importance: 'HIGH',
    group: PACE,
    default: 1000,
    minimum: -1,
  }),
  'batch.records': option.int({
    doc: 'Most records handed over at once.',
    importance: 'LOW',
    group: PACE,
    default: 4096,
    minimum: 1,
    maximum: 65536,
  }),
});

export type GeneratorOptions = Options<typeof generatorOptions>;
