import type { RowLayout } from '../../../runtime/record/row-layout.ts';
import type { StreamHooks } from './stream-hooks.ts';
import type { StreamTables } from './stream-tables.ts';
import type { TransactionRecords } from './transaction-records.ts';

/** What decides which rows the assembler makes. */
export interface AssemblerOptions {
  readonly tables: StreamTables;
  /** Layout of logical messages, and which prefixes make records; undefined: none do. */
  readonly messages?: { readonly layout: RowLayout; readonly wanted: (prefix: string) => boolean };
  /** `provide.transaction.metadata`. */
  readonly transactions?: TransactionRecords;
  /** `skip.messages.without.change`. */
  readonly skipUnchanged: boolean;
  readonly hooks?: StreamHooks;
}
