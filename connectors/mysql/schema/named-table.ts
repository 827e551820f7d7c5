import type { NamedTable } from '../catalog/table.ts';

/** Pattern of a name, in quotes or bare. */
export const NAME = '(?:`(?:[^`]|``)+`|"(?:[^"]|"")+"|[\\w$\\u0080-\\uffff]+)';
/** Pattern of a table's name; its two groups are what {@link namedTable} takes. */
export const QUALIFIED = `(${NAME})(?:\\s*\\.\\s*(${NAME}))?`;

/** `second`: undefined where the name stands alone, for a table of the session's database. */
export function namedTable(first: string | undefined, second: string | undefined, session: string): NamedTable {
  return second === undefined
    ? { database: session, name: unquoted(first ?? '') }
    : { database: unquoted(first ?? ''), name: unquoted(second) };
}

export function unquoted(name: string): string {
  if (name.startsWith('`')) return name.slice(1, -1).replaceAll('``', '`');
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}
