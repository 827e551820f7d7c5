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
  'schema.include.list': list('Regular expressions of schemas to capture; by default all.', 'Include schemas'),
  'schema.exclude.list': list('Regular expressions of schemas not to capture.', 'Exclude schemas'),
  'table.include.list': list(
    'Regular expressions of tables (schema.table) to capture; by default all.',
    'Include tables',
  ),
  'table.exclude.list': list('Regular expressions of tables (schema.table) not to capture.', 'Exclude tables'),
  'column.include.list': list(
    'Regular expressions of columns (schema.table.column) to show; by default all.',
    'Include columns',
  ),
  'column.exclude.list': list('Regular expressions of columns (schema.table.column) not to show.', 'Exclude columns'),
  'message.key.columns': option.string({
    doc: 'Key columns by table: <schema.table>:<column>,<column>;… The table is a regular expression. The replica identity must cover them.',
    group: filters,
    displayName: 'Key columns',
    optional: true,
  }),
  'skipped.operations': option.string({
    doc: 'Operations that make no records: c, u, d, t, comma-separated, or none. Also left out of a publication that is created.',
    group: filters,
    displayName: 'Skipped operations',
    default: 't',
    pattern: '^\\s*(none|[cudrt](\\s*,\\s*[cudrt])*)\\s*$',
  }),
  'skip.messages.without.change': option.boolean({
    doc: 'Whether updates that change no shown column make no record. Needs REPLICA IDENTITY FULL.',
    group: filters,
    displayName: 'Skip unchanged',
    default: false,
  }),
  'column.propagate.source.type': list(
    'Regular expressions of columns (schema.table.column) whose schemas name their database type.',
    'Columns with source types',
  ),
  'datatype.propagate.source.type': list(
    'Regular expressions of database types (schema.table.type) that schemas name.',
    'Types with source types',
  ),
  'tombstones.on.delete': option.boolean({
    doc: 'Whether a delete is followed by a tombstone, for log compaction.',
    group: format,
    displayName: 'Tombstones',
    default: true,
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
    doc: 'numeric as Connect’s Decimal, as text, or (with loss) as a double.',
    group: format,
    displayName: 'Decimals',
    default: 'precise',
  }),
  'time.precision.mode': option.oneOf(
    ['adaptive', 'adaptive_time_microseconds', 'connect', 'isostring', 'microseconds', 'nanoseconds'],
    {
      doc: 'Dates and times: by the column’s precision, as Connect’s types (milliseconds), as ISO 8601 text, or in one unit.',
      group: format,
      displayName: 'Time precision',
      default: 'adaptive',
    },
  ),
  'binary.handling.mode': option.oneOf(['bytes', 'base64', 'base64-url-safe', 'hex'], {
    doc: 'bytea as bytes or as text.',
    importance: 'LOW',
    group: format,
    displayName: 'Binary data',
    default: 'bytes',
  }),
  'interval.handling.mode': option.oneOf(['numeric', 'string'], {
    doc: 'interval as microseconds (365.25 days a year) or as ISO 8601 text.',
    importance: 'LOW',
    group: format,
    displayName: 'Intervals',
    default: 'numeric',
  }),
  'hstore.handling.mode': option.oneOf(['json', 'map'], {
    doc: 'hstore as JSON text or as a map.',
    importance: 'LOW',
    group: format,
    displayName: 'hstore',
    default: 'json',
  }),
  'money.fraction.digits': option.int({
    doc: 'Decimal digits of money.',
    importance: 'LOW',
    group: format,
    displayName: 'Money digits',
    default: 2,
    minimum: 0,
    maximum: 20,
  }),
  'include.unknown.datatypes': option.boolean({
    doc: 'Whether columns of types that are not known are shown, as bytes of their text.',
    group: format,
    displayName: 'Unknown types',
    default: false,
  }),
  'unavailable.value.placeholder': option.string({
    doc: 'Stands for a value the database did not send: unchanged TOAST. With the prefix hex: it is bytes in hexadecimal.',
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
