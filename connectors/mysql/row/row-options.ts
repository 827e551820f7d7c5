import type { ColumnRule } from '../../../runtime/change/column-rules.ts';
import type { Op } from '../../../runtime/change/envelope.ts';
import type { NameAdjustment } from '../../../runtime/change/name-adjustment.ts';
import type { TopicNaming } from '../../../runtime/change/topic-names.ts';
import type { TypeOptions } from '../type/options.ts';

/** All options that decide which records are made and what they look like. */
export interface RowOptions {
  readonly types: TypeOptions;
  readonly naming: TopicNaming;
  readonly databaseInclude: readonly string[];
  readonly databaseExclude: readonly string[];
  readonly tableInclude: readonly string[];
  readonly tableExclude: readonly string[];
  readonly columnInclude: readonly string[];
  readonly columnExclude: readonly string[];
  /** `column.mask.*`, `column.truncate.*`, from `parseColumnRules` */
  readonly columnRules: readonly ColumnRule[];
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
