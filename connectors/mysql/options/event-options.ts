import {
  filterList,
  filterOptions,
  formatOptions,
  sourceTypeOptions,
  timePrecision,
  topicOptions,
  type EventWords,
} from '../../../runtime/change/options/event-options.ts';
import { option } from '../../../runtime/connector/options.ts';

const format = 'Events: format';

const words: EventWords = {
  container: 'database',
  decimal: 'decimal',
  binary: 'binary, varbinary and blob',
  unavailable: 'Stands for a value the binlog left out (binlog_row_image=NOBLOB).',
};

/** Which changes make records, and what these look like. */
export const eventOptions = {
  ...topicOptions,
  'database.include.list': filterList(
    'Regular expressions of databases to capture; by default all.',
    'Include databases',
  ),
  'database.exclude.list': filterList('Regular expressions of databases not to capture.', 'Exclude databases'),
  ...filterOptions(words),
  'gtid.source.includes': filterList(
    'Regular expressions of the sources whose transactions count: server UUIDs, or MariaDB’s domains. By default all.',
    'Include GTID sources',
  ),
  'gtid.source.excludes': filterList(
    'Regular expressions of the sources whose transactions do not count: where the place is compared with a server, what it lacks or has purged of theirs does not matter.',
    'Exclude GTID sources',
  ),
  'gtid.source.filter.dml.events': option.boolean({
    doc: 'Whether rows of sources that do not count make no records. false: the lists only serve to find the place.',
    group: format,
    displayName: 'Filter rows by source',
    default: true,
  }),
  ...sourceTypeOptions('database'),
  ...formatOptions(words),
  'time.precision.mode': timePrecision('adaptive_time_microseconds'),
  'bigint.unsigned.handling.mode': option.oneOf(['long', 'precise'], {
    doc: 'bigint unsigned as int64, where 2^63 and above become negative as they do in Debezium, or as Connect’s Decimal.',
    group: format,
    displayName: 'Unsigned bigint',
    default: 'long',
  }),
  'include.schema.changes': option.boolean({
    doc: 'Whether changes of definitions make records in the topic that is named as topic.prefix.',
    group: format,
    displayName: 'Schema changes',
    default: true,
  }),
  'include.query': option.boolean({
    doc: 'Whether source.query holds the statement. Needs binlog_rows_query_log_events=ON (MariaDB: binlog_annotate_row_events).',
    importance: 'LOW',
    group: format,
    displayName: 'Statements',
    default: false,
  }),
};
