import type { SourceConnector } from '../../runtime/connector/connector.ts';
import { parseOptions } from '../../runtime/connector/options.ts';
import { VERSION } from '../../runtime/connector/version.ts';
import { checkOffsets } from './offset.ts';
import { generatorOptions, TASK_KEY } from './options.ts';
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
};
