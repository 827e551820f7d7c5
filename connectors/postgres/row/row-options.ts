import type { RecordOptions } from '../../../runtime/change/options/record-options.ts';
import type { TypeOptions } from '../type/options.ts';

/** All options that decide which records are made and what they look like. */
export interface RowOptions extends RecordOptions {
  readonly types: TypeOptions;
  readonly schemaInclude: readonly string[];
  readonly schemaExclude: readonly string[];
}
