import type { NameAdjustment } from '../../../runtime/change/name-adjustment.ts';
import type { ColumnRule } from '../../../runtime/change/column-rules.ts';
import type { Op } from '../../../runtime/change/envelope.ts';
import type { TopicNaming } from '../../../runtime/change/topic-names.ts';
import type { TypeOptions } from '../type/options.ts';

/** All options that decide which records are made and what they look like. */
export interface RowOptions {
  readonly types: TypeOptions;
  readonly naming: TopicNaming;
  readonly schemaInclude: readonly string[];
  readonly schemaExclude: readonly string[];
  readonly tableInclude: readonly string[];
  readonly tableExclude: readonly string[];
  readonly columnInclude: readonly string[];
  readonly columnExclude: readonly string[];
  /** `column.mask.*`, `column.truncate.*`, from `parseColumnRules` */
  readonly columnRules?: readonly ColumnRule[];
  /** `column.propagate.source.type` */
  readonly propagateColumns?: readonly string[];
  /** `datatype.propagate.source.type` */
  readonly propagateTypes?: readonly string[];
  /** `message.key.columns` */
  readonly messageKeys: string;
  /** `tombstones.on.delete` */
  readonly tombstones: boolean;
  /** `skipped.operations` */
  readonly skipped: ReadonlySet<Op>;
  /** `skip.messages.without.change` */
  readonly skipUnchanged: boolean;
  /** `provide.transaction.metadata` */
  readonly transactionMetadata: boolean;
  /** `extended.headers.enabled` */
  readonly contextHeaders: boolean;
  readonly schemaNames: NameAdjustment;
  readonly fieldNames: NameAdjustment;
}
