import { option } from '../../connector/options.ts';

const filters = 'Events: filters';
const format = 'Events: format';

/** What a database calls the things that options speak of. */
export interface EventWords {
  /** What tables are in, as their names begin: `schema.table`, `database.table`. */
  readonly container: 'schema' | 'database';
  /** Added to the texts of these options, with a space before it. */
  readonly keyColumns?: string;
  readonly skipped?: string;
  readonly skipUnchanged?: string;
  /** The type of exact decimals. */
  readonly decimal: string;
  /** The types of bytes. */
  readonly binary: string;
  /** What the placeholder stands for. */
  readonly unavailable: string;
}

/** A sentence of one database behind what is said for all. */
export function also(text: string | undefined): string {
  return text === undefined ? '' : ` ${text}`;
}

/** A list that chooses what is shown. */
export function filterList(doc: string, displayName: string) {
  return option.string({ doc, group: filters, displayName, optional: true });
}

/** Schemas that name the types of the database. */
export function sourceTypeOptions(container: string) {
  return {
    'column.propagate.source.type': filterList(
      `Regular expressions of columns (${container}.table.column) whose schemas name their database type.`,
      'Columns with source types',
    ),
    'datatype.propagate.source.type': filterList(
      `Regular expressions of database types (${container}.table.type) that schemas name.`,
      'Types with source types',
    ),
  };
}

/** Names of topics. */
export const topicOptions = {
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
};

/** Which changes make records. The lists of the containers themselves are each database's own. */
export function filterOptions({ container, ...added }: EventWords) {
  const table = `${container}.table`;
  return {
    'table.include.list': filterList(
      `Regular expressions of tables (${table}) to capture; by default all.`,
      'Include tables',
    ),
    'table.exclude.list': filterList(`Regular expressions of tables (${table}) not to capture.`, 'Exclude tables'),
    'column.include.list': filterList(
      `Regular expressions of columns (${table}.column) to show; by default all.`,
      'Include columns',
    ),
    'column.exclude.list': filterList(
      `Regular expressions of columns (${table}.column) not to show.`,
      'Exclude columns',
    ),
    'message.key.columns': option.string({
      doc: `Key columns by table: <${table}>:<column>,<column>;… The table is a regular expression.${also(added.keyColumns)}`,
      group: filters,
      displayName: 'Key columns',
      optional: true,
    }),
    'skipped.operations': option.string({
      doc: `Operations that make no records: c, u, d, t, comma-separated, or none.${also(added.skipped)}`,
      group: filters,
      displayName: 'Skipped operations',
      default: 't',
      pattern: '^\\s*(none|[cudrt](\\s*,\\s*[cudrt])*)\\s*$',
    }),
    'skip.messages.without.change': option.boolean({
      doc: `Whether updates that change no shown column make no record.${also(added.skipUnchanged)}`,
      group: filters,
      displayName: 'Skip unchanged',
      default: false,
    }),
  };
}

/** What records look like. */
export function formatOptions({ decimal, binary, unavailable }: EventWords) {
  return {
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
      doc: `${decimal} as Connect’s Decimal, as text, or (with loss) as a double.`,
      group: format,
      displayName: 'Decimals',
      default: 'precise',
    }),
    'binary.handling.mode': option.oneOf(['bytes', 'base64', 'base64-url-safe', 'hex'], {
      doc: `${binary} as bytes or as text.`,
      importance: 'LOW',
      group: format,
      displayName: 'Binary data',
      default: 'bytes',
    }),
    'unavailable.value.placeholder': option.string({
      doc: unavailable,
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
}

type TimePrecision = 'adaptive' | 'adaptive_time_microseconds';

/** Debezium's default differs between databases. */
export function timePrecision(usual: TimePrecision) {
  return option.oneOf(
    ['adaptive', 'adaptive_time_microseconds', 'connect', 'isostring', 'microseconds', 'nanoseconds'],
    {
      doc: 'Dates and times: by the column’s precision, as Connect’s types (milliseconds), as ISO 8601 text, or in one unit.',
      group: format,
      displayName: 'Time precision',
      default: usual,
    },
  );
}
