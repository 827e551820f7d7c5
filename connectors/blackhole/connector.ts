import type { SinkConnector } from '../../runtime/connector/connector.ts';
import { option, optionSet, parseOptions } from '../../runtime/connector/options.ts';
import { VERSION } from '../../runtime/connector/version.ts';
import { BlackholeTask } from './task.ts';

const blackholeOptions = optionSet('blackhole', {
  decode: option.boolean({
    doc: 'Whether keys and values are decoded before they are dropped: the work of converters and transforms is then part of what is measured.',
    group: 'Sink',
    default: false,
  }),
});

/** Counts records and drops them. */
export const blackholeSink: SinkConnector = {
  kind: 'sink',
  className: 'blackhole',
  aliases: [],
  version: VERSION,
  options: blackholeOptions,
  plan: (config, tasksMax) => Array.from({ length: tasksMax }, () => config),
  createTask: (config) => new BlackholeTask(parseOptions(blackholeOptions, config).decode),
};
