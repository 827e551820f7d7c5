import { MillraceError } from '../record/error.ts';
import { hashedText, type HashRule } from './column-hash.ts';
import { truncated } from './column-truncate.ts';
import type { ChangeColumn } from './change-layouts.ts';
import { matchesAny, splitList, type NameTest } from './filters.ts';

/** What an option does to the columns it names. */
export type ColumnRule =
  | { readonly kind: 'mask'; readonly key: string; readonly columns: NameTest; readonly text: string }
  | { readonly kind: 'hash'; readonly key: string; readonly columns: NameTest; readonly hash: HashRule }
  | { readonly kind: 'truncate'; readonly key: string; readonly columns: NameTest; readonly length: number };

const MASK = /^column\.mask\.with\.(\d+)\.chars$/;
const HASH = /^column\.mask\.hash\.(v2\.)?(.+?)\.with\.salt\.(.+)$/;
const TRUNCATE = /^column\.truncate\.to\.(\d+)\.chars$/;

/** Families of option keys that {@link parseColumnRules} reads. */
export const COLUMN_RULE_KEYS = [
  { key: MASK, shown: 'column.mask.with.<n>.chars' },
  { key: HASH, shown: 'column.mask.hash[.v2].<algorithm>.with.salt.<salt>' },
  { key: TRUNCATE, shown: 'column.truncate.to.<n>.chars' },
] as const;

/**
 * Reads the rules of a configuration: keys of the three families; values are lists of anchored
 * expressions over `schema.table.column`. Throws a `config` error for what cannot be.
 */
export function parseColumnRules(config: Readonly<Record<string, string>>): readonly ColumnRule[] {
  const rules: ColumnRule[] = [];
  for (const [key, value] of Object.entries(config)) {
    const mask = MASK.exec(key);
    const hash = HASH.exec(key);
    const truncate = TRUNCATE.exec(key);
    if (mask === null && hash === null && truncate === null) continue;
    const columns = matchesAny(splitList(value), key);
    if (mask !== null) rules.push({ kind: 'mask', key, columns, text: '*'.repeat(Number(mask[1])) });
    if (truncate !== null) rules.push({ kind: 'truncate', key, columns, length: positive(key, Number(truncate[1])) });
    if (hash !== null) {
      const [, version, algorithm = '', salt = ''] = hash;
      rules.push({ kind: 'hash', key, columns, hash: { algorithm, salt, version: version === undefined ? 1 : 2 } });
    }
  }
  return rules;
}

interface RuledColumn {
  /** `schema.table.column` */
  readonly name: string;
  /** Most characters the column holds; undefined: no limit. */
  readonly length: number | undefined;
}

/** The column as the first rule that names it shows it. Throws a `config` error where a mask does not fit the type: nothing is let through unmasked. */
export function applyRules(column: ChangeColumn, about: RuledColumn, rules: readonly ColumnRule[]): ChangeColumn {
  const rule = rules.find(({ columns }) => columns(about.name));
  if (rule === undefined) return column;
  if (rule.kind === 'truncate') return truncate(column, about, rule.length);
  if (column.schema.type !== 'string') throw notText(about.name, rule.key);
  const { defaultValue: _, ...rest } = column.schema;
  const schema = { ...rest, parameters: { ...rest.parameters, masked: 'true' } };
  if (rule.kind === 'mask') return { ...column, schema, constant: rule.text };
  return { ...column, schema, codec: hashedText(column.codec, rule.hash, about.length) };
}

function truncate(column: ChangeColumn, about: RuledColumn, length: number): ChangeColumn {
  if (about.length !== undefined && about.length <= length) return column;
  const parameters = { ...column.schema.parameters, truncateLength: String(length) };
  return { ...column, schema: { ...column.schema, parameters }, codec: truncated(column.codec, length) };
}

function positive(key: string, count: number): number {
  if (count > 0) return count;
  throw new MillraceError('CHANGE_TRUNCATE_INVALID', `${key}: the length must be positive`, {
    kind: 'config',
    key,
    remedy: 'Write a length of at least 1 into the key, or remove it.',
  });
}

function notText(column: string, key: string): MillraceError {
  return new MillraceError('CHANGE_MASK_TYPE', `${key} names ${column}, whose values are no text`, {
    kind: 'config',
    key,
    remedy: `Leave ${column} out by column.exclude.list, or narrow the expression of ${key}.`,
  });
}
