import { option } from '../../../runtime/connector/options.ts';

/** Where structures are kept of tables that the binlog does not describe. */
export const historyOptions = {
  'schema.history.internal.kafka.topic': option.string({
    doc: 'Topic of the hub for the structures of tables, where the binlog does not describe them (MySQL 5.7); made where it is missing, and of one connector only. By default <topic.prefix>.schema-history.',
    group: 'Stream',
    displayName: 'Schema history topic',
    optional: true,
  }),
  'schema.history.internal.store.only.captured.tables.ddl': option.boolean({
    doc: 'Whether the schema history leaves out statements on tables that were never captured.',
    importance: 'LOW',
    group: 'Stream',
    displayName: 'Only captured tables',
    default: false,
  }),
};
