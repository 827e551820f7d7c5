import { listedTest, type NameTest } from './filters.ts';

/** Whether a table is captured. `space`: its schema (Postgres) or database (MySQL). */
export type Captures = (space: string, table: string) => boolean;

/** The expressions of `<what>.include.list` and `<what>.exclude.list`. */
interface Lists {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

interface ListOptions {
  readonly spaces: Lists;
  readonly tableInclude: readonly string[];
  readonly tableExclude: readonly string[];
  readonly columnInclude: readonly string[];
  readonly columnExclude: readonly string[];
}

/** What a database calls the spaces of its tables, and which are its own: no list lets them in. */
export interface TableSpaces {
  readonly word: 'schema' | 'database';
  isBuiltIn(space: string): boolean;
}

/** Which tables and columns a connector captures, as its include and exclude lists say. Nothing else decides it. */
export class TableLists {
  readonly #isBuiltIn: (space: string) => boolean;
  readonly #spaces: NameTest;
  readonly #tables: NameTest;
  readonly #columns: NameTest;

  /** Throws a `config` error where an expression cannot be understood. */
  constructor(options: ListOptions, spaces: TableSpaces) {
    const { tableInclude, tableExclude, columnInclude, columnExclude } = options;
    this.#isBuiltIn = (space) => spaces.isBuiltIn(space);
    this.#spaces = listedTest(options.spaces.include, options.spaces.exclude, spaces.word);
    this.#tables = listedTest(tableInclude, tableExclude, 'table');
    this.#columns = listedTest(columnInclude, columnExclude, 'column');
  }

  /** Bound: it is handed around. */
  readonly captures: Captures = (space, table) => this.capturesSpace(space) && this.#tables(`${space}.${table}`);

  /** Whether tables of the schema or database may be captured. */
  capturesSpace(space: string): boolean {
    return !this.#isBuiltIn(space) && this.#spaces(space);
  }

  /** Whether records show a column of a captured table. `table`: `space.table`. */
  shows(table: string, column: string): boolean {
    return this.#columns(`${table}.${column}`);
  }
}
