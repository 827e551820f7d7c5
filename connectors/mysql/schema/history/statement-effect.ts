import type { NamedTable } from '../../catalog/table.ts';
import { withoutComments } from '../../stream/query-event.ts';
import { NAME, namedTable, QUALIFIED, unquoted } from '../named-table.ts';

/** What a statement in the binlog may have done to the columns and keys of tables. */
export interface StatementEffect {
  /** Whether it may have changed this table. Rather too often than too seldom: no row is read by a guess. */
  concerns(table: NamedTable): boolean;
  /**
   * The table's name after it, where the statement renames tables and does nothing else; undefined: what it made of
   * the table is not known from its text.
   */
  renamed(table: NamedTable): NamedTable | undefined;
  /** CREATE TABLE IF NOT EXISTS: nothing happens to a table that is there. */
  readonly onlyIfMissing?: boolean;
}

const MENTION = new RegExp(QUALIFIED, 'g');
const MODIFIERS =
  /^(?:(?:or\s+replace|online|offline|ignore|unique|fulltext|spatial|temporary|if\s+(?:not\s+)?exists)\s+)*/i;
/** What comes after `create`, `alter` or `drop` where no table's columns are at stake. */
const HARMLESS_KINDS: ReadonlySet<string> = new Set([
  'view',
  'trigger',
  'procedure',
  'function',
  'aggregate',
  'event',
  'user',
  'role',
  'server',
  'definer',
  'algorithm',
  'sql',
  'tablespace',
  'undo',
  'logfile',
  'instance',
  'resource',
]);
/** Statements that never change a definition. */
const HARMLESS_WORDS: ReadonlySet<string> = new Set([
  'analyze',
  'optimize',
  'check',
  'checksum',
  'grant',
  'revoke',
  'set',
  'flush',
  'truncate',
  'install',
  'uninstall',
]);
const END_OF_WORD = '(?![\\w$\\u0080-\\uffff])';
/** The only clause of an ALTER TABLE that leaves columns and unique indexes (one may be the key) as they are. */
const HARMLESS_CLAUSE = new RegExp(
  `^(?:(?:enable|disable)\\s+keys|engine\\s*=?\\s*\\w+|auto_increment\\s*=?\\s*\\d+|(?:add\\s+(?:(?:fulltext|spatial)\\s+)?(?:index|key)|(?:add|drop)\\s+foreign\\s+key)${END_OF_WORD}.*)$`,
  'is',
);
const QUOTED = /`(?:[^`]|``)*`|'(?:[^']|'')*'|"(?:[^"]|"")*"/g;
const ALTER_TABLE = new RegExp(
  `^alter\\s+(?:(?:online|offline|ignore)\\s+)*table\\s+(?:if\\s+exists\\s+)?${NAME}(?:\\s*\\.\\s*${NAME})?\\s+`,
  'i',
);
const CREATE_TABLE = new RegExp(
  `^(create\\s+table\\s+(?:if\\s+not\\s+exists\\s+)?)${NAME}(?:\\s*\\.\\s*${NAME})?`,
  'i',
);
const PAIR = `${QUALIFIED}\\s+to\\s+${QUALIFIED}`;
const RENAME = new RegExp(`^rename\\s+tables?\\s+${PAIR}(?:\\s*,\\s*${PAIR})*\\s*;?\\s*$`, 'i');
const PAIRS = new RegExp(PAIR, 'gi');

/** undefined: it changes no table's columns or keys. `database`: the session's. */
export function statementEffect(sql: string, database: string): StatementEffect | undefined {
  const raw = withoutComments(sql);
  const text = plain(raw);
  // Text in quotes may look like a comment: then nothing is concluded from what the statement seems to be.
  const clear = !raw.includes('/*');
  const [, verb = '', rest = ''] = /^(\w+)\s*([\s\S]*)$/.exec(text) ?? [];
  const word = verb.toLowerCase();
  const named = (pairs: readonly Pair[]): StatementEffect => new NamedTables(raw, text, database, pairs);
  if (HARMLESS_WORDS.has(word)) return undefined;
  if (word === 'rename') {
    if (/^user\b/i.test(rest)) return undefined;
    return /^tables?\b/i.test(rest) ? named(clear ? pairsOf(text, database) : []) : EVERYTHING;
  }
  if (word !== 'create' && word !== 'alter' && word !== 'drop') return EVERYTHING;
  const modifiers = MODIFIERS.exec(rest)?.[0] ?? '';
  const kind = /^\w+/.exec(rest.slice(modifiers.length))?.[0].toLowerCase() ?? '';
  if (HARMLESS_KINDS.has(kind)) return undefined;
  if (kind === 'database' || kind === 'schema') return word === 'drop' ? ofDatabase(text) : undefined;
  if (kind !== 'table' && kind !== 'tables' && kind !== 'index') return EVERYTHING;
  // A unique index may be the key of the records.
  if (word === 'create' && kind === 'index') return /\bunique\b/i.test(modifiers) ? named([]) : undefined;
  // Only sessions have temporary tables; rows of theirs are not in the binlog.
  if (/\btemporary\b/i.test(modifiers)) return undefined;
  if (word === 'create') return created(text, clear, database) ?? named([]);
  if (word === 'alter' && clear) {
    if (isHarmlessAlter(text)) return undefined;
    const head = ALTER_TABLE.exec(text)?.[0];
    // References name other tables, which stay as they are.
    if (head !== undefined && !/rename/i.test(text.slice(head.length))) return new NamedTables(head, '', database, []);
  }
  return named([]);
}

const EVERYTHING: StatementEffect = { concerns: () => true, renamed: () => undefined };

/** Without comments; what only some servers run counts as text. */
function plain(sql: string): string {
  return sql
    .replaceAll(/\/\*(?![M!])[\s\S]*?\*\//g, ' ')
    .replaceAll(/\/\*M?!\d*|\*\//g, ' ')
    .trim();
}

function isHarmlessAlter(text: string): boolean {
  const head = ALTER_TABLE.exec(text)?.[0];
  if (head === undefined) return false;
  const clause = text.slice(head.length).replace(/\s*;?\s*$/, '');
  return HARMLESS_CLAUSE.test(clause) && !clause.includes('\\') && !hasFurtherClause(clause.replaceAll(QUOTED, 'q'));
}

function hasFurtherClause(clause: string): boolean {
  let depth = 0;
  for (const character of clause) {
    if (character === '(') depth++;
    else if (character === ')') depth--;
    else if (character === ',' && depth <= 0) return true;
  }
  return false;
}

function ofDatabase(text: string): StatementEffect {
  const names = mentions(text).map(([name]) => name);
  return { concerns: ({ database }) => names.includes(database.toLowerCase()), renamed: () => undefined };
}

/** A new table; what the text names beside it is read only. undefined: the text is not understood. */
function created(text: string, clear: boolean, session: string): StatementEffect | undefined {
  const head = CREATE_TABLE.exec(text);
  if (head === null || !clear) return undefined;
  const effect = new NamedTables(head[0].slice(head[1]?.length), '', session, []);
  return Object.assign(effect, { onlyIfMissing: /\bexists\s+$/i.test(head[1] ?? '') });
}

type Pair = readonly [from: NamedTable, to: NamedTable];

/** Every table whose name is anywhere in the text, whatever it is there. */
class NamedTables implements StatementEffect {
  readonly #mentions: ReturnType<typeof mentions>;
  readonly #session: string;
  readonly #pairs: readonly Pair[];

  constructor(raw: string, plainText: string, session: string, pairs: readonly Pair[]) {
    this.#mentions = [...mentions(raw), ...mentions(plainText)];
    this.#session = session.toLowerCase();
    this.#pairs = pairs;
  }

  concerns(table: NamedTable): boolean {
    const name = table.name.toLowerCase();
    const database = table.database.toLowerCase();
    return this.#mentions.some(([first, second]) =>
      second === undefined ? first === name && database === this.#session : second === name && first === database,
    );
  }

  renamed(table: NamedTable): NamedTable | undefined {
    let now = table;
    // From left to right, as the server does them: a swap goes by way of a third name.
    for (const [from, to] of this.#pairs) if (sameName(from, now)) now = to;
    return sameName(now, table) ? undefined : now;
  }
}

/** Lower case names in the text, each with what follows it behind a dot. */
function mentions(text: string): (readonly [string, string | undefined])[] {
  return [...text.matchAll(MENTION)].map(([, first = '', second]) => [
    unquoted(first).toLowerCase(),
    second === undefined ? undefined : unquoted(second).toLowerCase(),
  ]);
}

/** None where the whole text is not understood. */
function pairsOf(text: string, database: string): Pair[] {
  if (!RENAME.test(text)) return [];
  const list = text.replace(/^rename\s+tables?\s+/i, '');
  return [...list.matchAll(PAIRS)].map(([, a, b, c, d]) => [namedTable(a, b, database), namedTable(c, d, database)]);
}

/** Letter by letter: names that differ in case only may be two tables. */
function sameName(left: NamedTable, right: NamedTable): boolean {
  return left.database === right.database && left.name === right.name;
}
