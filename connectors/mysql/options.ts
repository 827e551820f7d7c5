import { optionSet } from '../../runtime/connector/options.ts';
import { connectionOptions } from './options/connection-options.ts';
import { eventOptions } from './options/event-options.ts';
import { historyOptions } from './options/history-options.ts';
import { otherOptions } from './options/other-options.ts';
import { snapshotOptions } from './options/snapshot-options.ts';
import { streamOptions } from './options/stream-options.ts';

/** All options of the MySQL and MariaDB source, by Debezium's names; what is ours begins with `millrace.`. */
export const mysqlOptions = optionSet(
  'mysql',
  {
    ...connectionOptions,
    ...eventOptions,
    ...snapshotOptions,
    ...streamOptions,
    ...historyOptions,
    ...otherOptions.options,
  },
  otherOptions.families,
);
