import type { SinkConnector, SourceConnector } from '../../runtime/connector/connector.ts';
import { parseOptions, type RawConfig } from '../../runtime/connector/options.ts';
import { VERSION } from '../../runtime/connector/version.ts';
import { checkOffsets, rewindNumbers } from './offset.ts';
import { verifiableSinkOptions, verifiableSourceOptions } from './options.ts';
import { VerifiableSinkTask } from './sink-task.ts';
import { numbered, VerifiableSourceTask } from './source-task.ts';

const plan = (config: RawConfig, tasksMax: number): readonly RawConfig[] =>
  Array.from({ length: tasksMax }, (_, id) => ({ ...config, id: String(id) }));

/** Counts upwards: what a test looks for at the other end. */
export const verifiableSource: SourceConnector = {
  kind: 'source',
  className: 'verifiable-source',
  aliases: ['org.apache.kafka.connect.tools.VerifiableSourceConnector'],
  version: VERSION,
  options: verifiableSourceOptions,
  exactlyOnce: true,
  plan,
  createTask: (config) => new VerifiableSourceTask(parseOptions(verifiableSourceOptions, config)),
  alterOffsets: async (_call, offsets) => checkOffsets(offsets),
  sample: async ({ name, config, env }, count) => {
    const options = parseOptions(verifiableSourceOptions, { id: '0', ...config });
    const timeMs = env.clock.nowMs();
    return Array.from({ length: count }, (_, seqno) => numbered(options, name, seqno, timeMs));
  },
  rewind: async (_call, stored, to) => rewindNumbers(stored, to),
};

/** Says which records it was given, and which of them were committed. */
export const verifiableSink: SinkConnector = {
  kind: 'sink',
  className: 'verifiable-sink',
  aliases: ['org.apache.kafka.connect.tools.VerifiableSinkConnector'],
  version: VERSION,
  options: verifiableSinkOptions,
  plan,
  createTask: (config) => new VerifiableSinkTask(parseOptions(verifiableSinkOptions, config)),
};
