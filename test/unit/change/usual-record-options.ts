import type { RecordOptions } from '../../../runtime/change/options/record-options.ts';

/** What a connector without options of its own does with rows, of whatever database. */
export const usualRecordOptions: RecordOptions = {
  naming: { prefix: 'p', delimiter: '.', transaction: 'transaction', heartbeat: '__debezium-heartbeat' },
  tableInclude: [],
  tableExclude: [],
  columnInclude: [],
  columnExclude: [],
  messageKeys: '',
  tombstones: true,
  skipped: new Set(['t']),
  skipUnchanged: false,
  transactionMetadata: false,
  contextHeaders: false,
  schemaNames: 'none',
  fieldNames: 'none',
};
