import type { RowOptions } from '../../../../../connectors/postgres/row/row-options.ts';
import { DEFAULT_TYPE_OPTIONS } from '../../../../../connectors/postgres/type/options.ts';

/** What a connector without options of its own does with rows. */
export const usualRowOptions: RowOptions = {
  types: DEFAULT_TYPE_OPTIONS,
  naming: { prefix: 'p', delimiter: '.', transaction: 'transaction', heartbeat: '__debezium-heartbeat' },
  schemaInclude: [],
  schemaExclude: [],
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
