import { option, optionSet, type Options } from '../../runtime/connector/options.ts';

const group = 'Verifiable';
const id = option.int({ doc: 'Number of the task. Each task is given its own.', group, importance: 'LOW', default: 0 });
const log = option.boolean({
  doc: 'Whether a line is logged for every record, with the fields Kafka Connect’s connector prints. Off, only counters tell.',
  group,
  default: true,
});

/** Options of Kafka Connect's `VerifiableSourceConnector`, which declares none. */
export const verifiableSourceOptions = optionSet('verifiable-source', {
  topic: option.string({
    doc: 'Topic the records go to.',
    importance: 'HIGH',
    group,
    pattern: '^[a-zA-Z0-9._-]{1,249}$',
  }),
  throughput: option.double({
    doc: 'Records per second and task; -1: as fast as they are taken.',
    importance: 'HIGH',
    group,
    default: -1,
    minimum: -1,
  }),
  id,
  'complete.record.data': option.boolean({
    doc: 'Whether a value holds name, task, topic and time beside its sequence number.',
    group,
    default: false,
  }),
  'millrace.log.records': log,
});

export const verifiableSinkOptions = optionSet('verifiable-sink', { id, 'millrace.log.records': log });

export type VerifiableSourceOptions = Options<typeof verifiableSourceOptions>;
export type VerifiableSinkOptions = Options<typeof verifiableSinkOptions>;
