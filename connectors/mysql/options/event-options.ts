import { option } from '../../../runtime/connector/options.ts';

const filters = 'Events: filters';
const format = 'Events: format';

function list(doc: string, displayName: string) {
  return option.string({ doc, group: filters, displayName, optional: true });
}

/** Which changes make records, and what these look like. */
export const eventOptions = {
  'topic.prefix': option.string({
    doc: 'Name of the source: first part of every topic, and the source partition of the offsets.',
    importance: 'HIGH',
    group: format,
    displayName: 'Topic prefix',
    pattern: '^[a-zA-Z0-9._-]{1,200}$',
  }),
  'topic.delimiter': option.string({
    doc: 'Between the parts of a topic name.',
    group: format,
    displayName: 'Topic delimiter',
    default: '.',
    pattern: '^[._-]$',
  }),
  'topic.transaction': option.string({
    doc: 'Last part of the transaction topic’s name.',
    importance: 'LOW',
    group: format,
    displayName: 'Transaction topic',
    default: 'transaction',
    minLength: 1,
  }),
  'topic.heartbeat.prefix': option.string({
    doc: 'First part of the heartbeat topic’s name.',
    importance: 'LOW',
    group: format,
    displayName: 'Heartbeat topic prefix',
    default: '__debezium-heartbeat',
    minLength: 1,
  }),
  'database.include.list': list('Regular expressions of databases to capture; by default all.', 'Include databases'),
  'database.exclude.list': list('Regular expressions of databases not to capture.', 'Exclude databases'),
  'table.include.list': list(
    'Regular expressions of tables (database.table) to capture; by default all.',
    'Include tables',
  ),
  'table.exclude.list': list('Regular expressions of tables (database.table) not to capture.', 'Exclude tables'),
  'column.include.list': list(
    'Regular expressions of columns (database.table.column) to show; by default all.',
    'Include columns',
  ),
  'column.exclude.list': list('Regular expressions of columns (database.table.column) not to show.', 'Exclude columns'),
  'message.key.columns': option.string({
    doc: 'Key columns by table: <database.table>:<column>,<column>;… The table is a regular expression.',
    group: filters,
    displayName: 'Key columns',
    optional: true,
  }),
  'skipped.operations': option.string({
    doc: 'Operations that make no records: c, u, d, t, comma-separated, or none.',
    group: filters,
    displayName: 'Skipped operations',
    default: 't',
    pattern: '^\\s*(none|[cudrt](\\s*,\\s*[cudrt])*)\\s*$',
  }),
  'skip.messages.without.change': option.boolean({
    doc: 'Whether updates that change no shown column make no record.',
    group: filters,
    displayName: 'Skip unchanged',
    default: false,
  }),
  'tombstones.on.delete': option.boolean({
    doc: 'Whether a delete is followed by a tombstone, for log compaction.',
    group: format,
    displayName: 'Tombstones',
    default: true,
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
  'provide.transaction.metadata': option.boolean({
    doc: 'Whether records carry a transaction block, and BEGIN and END go to the transaction topic.',
    group: format,
    displayName: 'Transaction metadata',
    default: false,
  }),
  'extended.headers.enabled': option.boolean({
    doc: 'Whether records carry the __debezium.context.* headers.',
    importance: 'LOW',
    group: format,
    displayName: 'Context headers',
    default: true,
  }),
  'decimal.handling.mode': option.oneOf(['precise', 'string', 'double'], {
    doc: 'decimal as Connect’s Decimal, as text, or (with loss) as a double.',
    group: format,
    displayName: 'Decimals',
    default: 'precise',
  }),
  'bigint.unsigned.handling.mode': option.oneOf(['long', 'precise'], {
    doc: 'bigint unsigned as int64, where 2^63 and above become negative as they do in Debezium, or as Connect’s Decimal.',
    group: format,
    displayName: 'Unsigned bigint',
    default: 'long',
  }),
  'time.precision.mode': option.oneOf(
    ['adaptive', 'adaptive_time_microseconds', 'connect', 'isostring', 'microseconds', 'nanoseconds'],
    {
      doc: 'Dates and times: by the column’s precision, as Connect’s types (milliseconds), as ISO 8601 text, or in one unit.',
      group: format,
      displayName: 'Time precision',
      default: 'adaptive_time_microseconds',
    },
  ),
  'binary.handling.mode': option.oneOf(['bytes', 'base64', 'base64-url-safe', 'hex'], {
    doc: 'binary, varbinary and blob as bytes or as text.',
    importance: 'LOW',
    group: format,
    displayName: 'Binary data',
    default: 'bytes',
  }),
  'unavailable.value.placeholder': option.string({
    doc: 'Stands for a value the binlog left out (binlog_row_image=NOBLOB).',
    group: format,
    displayName: 'Placeholder',
    default: '__debezium_unavailable_value',
  }),
  'schema.name.adjustment.mode': option.oneOf(['none', 'avro', 'avro_unicode'], {
    doc: 'How schema names are made valid for Avro.',
    group: format,
    displayName: 'Schema names',
    default: 'none',
  }),
  'field.name.adjustment.mode': option.oneOf(['none', 'avro', 'avro_unicode'], {
    doc: 'How field names are made valid for Avro.',
    group: format,
    displayName: 'Field names',
    default: 'none',
  }),
};
