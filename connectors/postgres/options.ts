import { optionSet } from '../../runtime/connector/options.ts';
import { connectionOptions } from './options/connection-options.ts';
import { eventOptions } from './options/event-options.ts';
import { otherOptions } from './options/other-options.ts';
import { replicationOptions } from './options/replication-options.ts';
import { snapshotOptions } from './options/snapshot-options.ts';

/** All options of the Postgres source, by Debezium's names; what is ours begins with `millrace.`. */
export const postgresOptions = optionSet(
  'postgres',
  { ...connectionOptions, ...eventOptions, ...replicationOptions, ...snapshotOptions, ...otherOptions.options },
  otherOptions.families,
);
