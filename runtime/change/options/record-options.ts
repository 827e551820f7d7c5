import type { RawConfig } from '../../connector/options.ts';
import { parseColumnRules, type ColumnRule } from '../column-rules.ts';
import type { Op } from '../envelope.ts';
import { splitList } from '../filters.ts';
import type { NameAdjustment } from '../name-adjustment.ts';
import type { TopicNaming } from '../topic-names.ts';

/** What decides, for every database, which records are made and what they look like. */
export interface RecordOptions {
  readonly naming: TopicNaming;
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

/** What {@link recordOptions} reads of a parsed configuration: values of the options of `event-options.ts`. */
export interface ParsedEventOptions {
  readonly 'topic.prefix': string;
  readonly 'topic.delimiter': string;
  readonly 'topic.transaction': string;
  readonly 'topic.heartbeat.prefix': string;
  readonly 'table.include.list'?: string | undefined;
  readonly 'table.exclude.list'?: string | undefined;
  readonly 'column.include.list'?: string | undefined;
  readonly 'column.exclude.list'?: string | undefined;
  readonly 'column.propagate.source.type'?: string | undefined;
  readonly 'datatype.propagate.source.type'?: string | undefined;
  readonly 'message.key.columns'?: string | undefined;
  readonly 'tombstones.on.delete': boolean;
  readonly 'skipped.operations': string;
  readonly 'skip.messages.without.change': boolean;
  readonly 'provide.transaction.metadata': boolean;
  readonly 'extended.headers.enabled': boolean;
  readonly 'schema.name.adjustment.mode': NameAdjustment;
  readonly 'field.name.adjustment.mode': NameAdjustment;
}

/** Throws a `config` error that names the key. */
export function recordOptions(parsed: ParsedEventOptions, config: RawConfig): RecordOptions {
  return {
    naming: {
      prefix: parsed['topic.prefix'],
      delimiter: parsed['topic.delimiter'],
      transaction: parsed['topic.transaction'],
      heartbeat: parsed['topic.heartbeat.prefix'],
    },
    tableInclude: listOf(parsed['table.include.list']),
    tableExclude: listOf(parsed['table.exclude.list']),
    columnInclude: listOf(parsed['column.include.list']),
    columnExclude: listOf(parsed['column.exclude.list']),
    columnRules: parseColumnRules(config),
    propagateColumns: listOf(parsed['column.propagate.source.type']),
    propagateTypes: listOf(parsed['datatype.propagate.source.type']),
    messageKeys: parsed['message.key.columns'] ?? '',
    tombstones: parsed['tombstones.on.delete'],
    skipped: skippedOperations(parsed['skipped.operations']),
    skipUnchanged: parsed['skip.messages.without.change'],
    transactionMetadata: parsed['provide.transaction.metadata'],
    contextHeaders: parsed['extended.headers.enabled'],
    schemaNames: parsed['schema.name.adjustment.mode'],
    fieldNames: parsed['field.name.adjustment.mode'],
  };
}

/** An optional list of regular expressions. */
export function listOf(text: string | undefined): string[] {
  return splitList(text ?? '');
}

export function skippedOperations(text: string): ReadonlySet<Op> {
  const words = text.split(',').map((word) => word.trim());
  return new Set(words.filter((word): word is Op => ['c', 'r', 'u', 'd', 't'].includes(word)));
}
