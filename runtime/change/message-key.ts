import { MillraceError } from '../record/error.ts';
import { matchesAny, type NameTest } from './filters.ts';

const KEY = 'message.key.columns';

export interface KeyRule {
  readonly table: NameTest;
  readonly columns: readonly string[];
}

/** Parses `message.key.columns`: `<table expression>:<column>,<column>;…`. */
export function parseMessageKeys(text: string): readonly KeyRule[] {
  return text
    .split(';')
    .map((rule) => rule.trim())
    .filter((rule) => rule !== '')
    .map(parseRule);
}

/** Key columns that the options ask for; undefined: the table's own. */
export function messageKey(rules: readonly KeyRule[], table: string): readonly string[] | undefined {
  return rules.find((rule) => rule.table(table))?.columns;
}

function parseRule(rule: string): KeyRule {
  const colon = rule.lastIndexOf(':');
  const columns = rule
    .slice(colon + 1)
    .split(',')
    .map((column) => column.trim())
    .filter((column) => column !== '');
  if (colon <= 0 || columns.length === 0) {
    throw new MillraceError('CHANGE_MESSAGE_KEY_INVALID', `${KEY}: "${rule}" is not <table>:<column>,<column>`, {
      kind: 'config',
      key: KEY,
      remedy: 'Write for example public.orders:customer_id,order_no;public.items:sku.',
    });
  }
  return { table: matchesAny([rule.slice(0, colon).trim()], KEY), columns };
}

/** Cells of the columns that a rule names. Throws a `config` error with this code where the table has no such column. */
export function keyCells(
  names: readonly string[],
  columns: readonly { readonly name: string }[],
  table: string,
  code: string,
): readonly number[] {
  return names.map((name) => {
    const index = columns.findIndex((column) => column.name === name);
    if (index >= 0) return index;
    throw new MillraceError(code, `${table} has no column ${name}`, {
      kind: 'config',
      key: 'message.key.columns',
      remedy: `Name columns that ${table} has.`,
    });
  });
}
