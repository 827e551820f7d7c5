import type { NamedTable } from '../catalog/table.ts';
import { NAME, namedTable, QUALIFIED, unquoted } from './named-table.ts';

/** What a statement does to definitions. */
export interface Definition {
  readonly type: 'CREATE' | 'ALTER' | 'DROP';
  /** Tables it leaves changed, made or gone. */
  readonly tables: readonly NamedTable[];
}

const TABLE = new RegExp(
  `^(create)(?:\\s+or\\s+replace)?\\s+table(?:\\s+if\\s+not\\s+exists)?\\s+${QUALIFIED}|^(alter)(?:\\s+online|\\s+ignore)*\\s+table(?:\\s+if\\s+exists)?\\s+${QUALIFIED}`,
  'i',
);
const RENAMED = new RegExp(`\\brename\\s+(?!column\\b|index\\b|key\\b)(?:to\\s+|as\\s+|=\\s*)?${QUALIFIED}\\s*$`, 'i');
const PAIR = new RegExp(`${QUALIFIED}\\s+(?:wait\\s+\\d+\\s+|nowait\\s+)?to\\s+${QUALIFIED}`, 'gi');
const DROP = /^drop\s+table\s+(?:if\s+exists\s+)?/i;
const LISTED = new RegExp(QUALIFIED, 'g');
const DATABASE = new RegExp(
  `^(create|drop|alter)\\s+(?:database|schema)(?:\\s+if\\s+(?:not\\s+)?exists)?\\s+(${NAME})`,
  'i',
);

/**
 * The tables a statement defines anew; undefined: it is about something else (views, accounts, indexes by
 * themselves). Just so much of the grammar as the schema change topic needs: no row is decoded by it.
 */
export function definitionOf(sql: string, database: string): Definition | undefined {
  const named = (first: string | undefined, second: string | undefined): NamedTable =>
    namedTable(first, second, database);
  const table = TABLE.exec(sql);
  if (table?.[1] !== undefined) return { type: 'CREATE', tables: [named(table[2], table[3])] };
  if (table !== null) {
    const renamed = RENAMED.exec(sql);
    return { type: 'ALTER', tables: [renamed === null ? named(table[5], table[6]) : named(renamed[1], renamed[2])] };
  }
  if (/^rename\s+table\b/i.test(sql)) {
    const pairs = [...sql.replace(/^rename\s+table\s+(?:if\s+exists\s+)?/i, '').matchAll(PAIR)];
    return { type: 'ALTER', tables: pairs.map((pair) => named(pair[3], pair[4])) };
  }
  if (DROP.test(sql)) {
    const list = sql
      .replace(DROP, '')
      .replace(/\/\*[\s\S]*?\*\//g, '')
      .replace(/\s+(?:restrict|cascade)\s*$/i, '');
    return { type: 'DROP', tables: [...list.matchAll(LISTED)].map((found) => named(found[1], found[2])) };
  }
  return undefined;
}

/** The database that a statement makes, changes or drops; undefined: none. */
export function definedDatabase(sql: string): string | undefined {
  const found = DATABASE.exec(sql)?.[2];
  return found === undefined ? undefined : unquoted(found);
}
