import type { SourceConnector } from '../../runtime/connector/connector.ts';
import { parseOptions, type RawConfig } from '../../runtime/connector/options.ts';
import { rowRecords } from '../../runtime/connector/row-records.ts';
import type { SourceRecord } from '../../runtime/connector/source.ts';
import { VERSION } from '../../runtime/connector/version.ts';
import { checkOffsets, rewindRecords } from './offset.ts';
import { generatorOptions, TASK_KEY } from './options.ts';
import { RowMaker } from './row-maker.ts';
import { GeneratorTask } from './task.ts';

/** Makes records up, the same ones for the same seed: for trials, load and tests. */
export const generatorSource: SourceConnector = {
  kind: 'source',
  className: 'generator',
  aliases: [],
  version: VERSION,
  options: generatorOptions,
  exactlyOnce: true,
  plan: (config, tasksMax) => Array.from({ length: tasksMax }, (_, task) => ({ ...config, [TASK_KEY]: String(task) })),
  createTask: (config) => new GeneratorTask(parseOptions(generatorOptions, config), Number(config[TASK_KEY] ?? 0)),
  alterOffsets: async (_call, offsets) => checkOffsets(offsets),
  sample: async ({ config }, count) => sample(config, count),
  rewind: async (_call, stored, to) => rewindRecords(stored, to),
};

/** The first records of the first task. */
function sample(config: RawConfig, count: number): readonly SourceRecord[] {
  const options = parseOptions(generatorOptions, config);
  const most = options.records < 0 ? count : Math.min(count, options.records);
  const maker = new RowMaker({ ...options, 'batch.records': Math.max(1, most) }, 0);
  const block = maker.block();
  maker.fill(block, 0, most);
  return rowRecords(block);
}
