import type { RowOptions } from '../../../../../connectors/postgres/row/row-options.ts';
import { DEFAULT_TYPE_OPTIONS } from '../../../../../connectors/postgres/type/options.ts';
import { usualRecordOptions } from '../../../change/usual-record-options.ts';

/** What a connector without options of its own does with rows. */
export const usualRowOptions: RowOptions = {
  ...usualRecordOptions,
  types: DEFAULT_TYPE_OPTIONS,
  schemaInclude: [],
  schemaExclude: [],
};
