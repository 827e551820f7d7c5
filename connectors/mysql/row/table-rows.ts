import {
  changeLayouts,
  type ChangeColumn,
  type ChangeLayoutOptions,
  type ChangeLayouts,
} from '../../../runtime/change/change-layouts.ts';
import { applyRules } from '../../../runtime/change/column-rules.ts';
import type { EnvelopeParts } from '../../../runtime/change/envelope.ts';
import { keyCells, messageKey, parseMessageKeys, type KeyRule } from '../../../runtime/change/message-key.ts';
import { layoutOptions, type TaskOrigin } from '../../../runtime/change/options/layout-options.ts';
import { SourceTypes, withSourceType } from '../../../runtime/change/source-type.ts';
import { adjustName } from '../../../runtime/change/name-adjustment.ts';
import { TableLists, type Captures, type TableSpaces } from '../../../runtime/change/table-lists.ts';
import { TopicNames } from '../../../runtime/change/topic-names.ts';
import { transactionLayouts } from '../../../runtime/change/transaction.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import type { RowLayout } from '../../../runtime/record/row-layout.ts';
import { tableName, type Column, type Table } from '../catalog/table.ts';
import { columnCodec } from '../type/codec.ts';
import { defaultValue } from '../type/default-value.ts';
import type { CellFormat } from '../type/options.ts';
import type { RowOptions } from './row-options.ts';
import { sourceType } from './source-type.ts';
import { META_CELLS, mysqlEnvelope, type Family } from './source-block.ts';

/**
 * How the rows of one table version become records, for cells of one format. A row is
 * {@link META_CELLS} meta cells (`META`), then one cell per column of `table.columns` for each image its
 * layout has (see {@link ChangeLayouts}).
 */
export interface TableRows {
  readonly table: Table;
  readonly layouts: ChangeLayouts;
  /** Columns of the value: for `imageChanged`. */
  readonly columns: readonly ChangeColumn[];
  /** Columns of the key: for `keyChanged`. */
  readonly key: readonly ChangeColumn[];
  /** Per column of the table: what shows a value the binlog left out; null where nothing can; undefined: not shown. */
  readonly unavailable: readonly (CellCodec['unavailable'] | null)[];
  /** `database.table`, as transaction records count it. */
  readonly collection: string;
}

/** Where the records of one task come from. */
export interface RowOrigin extends TaskOrigin {
  readonly family: Family;
  /** `source.version` */
  readonly version: string;
}

const BUILT_IN: ReadonlySet<string> = new Set(['mysql', 'information_schema', 'performance_schema', 'sys']);
const DATABASES: TableSpaces = {
  word: 'database',
  isBuiltIn: (database) => BUILT_IN.has(database.toLowerCase()),
};

/** Makes the layouts of all records of a task. One per task start. */
export class RowFactory {
  readonly topics: TopicNames;
  readonly parts: EnvelopeParts;
  readonly transaction: { readonly begin: RowLayout; readonly end: RowLayout };
  readonly options: RowOptions;
  readonly family: Family;
  /** Whether the include and exclude lists let a table in. The server's own databases never are. */
  readonly captures: Captures;
  readonly #layoutOptions: ChangeLayoutOptions;
  readonly #lists: TableLists;
  readonly #keys: readonly KeyRule[];
  readonly #sourceTypes: SourceTypes;

  /** Throws a `config` error where an option cannot be understood. */
  constructor(options: RowOptions, origin: RowOrigin) {
    const { naming } = options;
    this.options = options;
    this.family = origin.family;
    this.topics = new TopicNames(naming);
    this.parts = mysqlEnvelope(
      { family: origin.family, version: origin.version, name: naming.prefix },
      options.transactionMetadata,
    );
    this.#layoutOptions = layoutOptions(options, origin, origin.family);
    this.transaction = transactionLayouts(this.topics.transaction);
    const spaces = { include: options.databaseInclude, exclude: options.databaseExclude };
    this.#lists = new TableLists({ ...options, spaces }, DATABASES);
    this.captures = this.#lists.captures;
    this.#keys = parseMessageKeys(options.messageKeys);
    this.#sourceTypes = new SourceTypes(options.propagateColumns ?? [], options.propagateTypes ?? []);
  }

  /** `__debezium.context.*` of every record. */
  get headers(): RowLayout['headers'] {
    return this.#layoutOptions.headers;
  }

  capturesDatabase(database: string): boolean {
    return this.#lists.capturesSpace(database);
  }

  /** For a captured table. Throws a `config` error where the options do not fit the table. */
  rows(table: Table, format: CellFormat): TableRows {
    const topic = this.topics.table(table.database, table.name);
    const columns: ChangeColumn[] = [];
    for (const [cell, column] of table.columns.entries()) {
      if (this.#lists.shows(tableName(table), column.name)) columns.push(this.#column(table, column, cell, format));
    }
    const key = this.#key(table, format);
    const layouts = changeLayouts(
      {
        topic,
        name: adjustName(topic, this.options.schemaNames, 'schema'),
        sourceSchema: table.database,
        sourceTable: table.name,
        metaCells: META_CELLS,
        width: table.columns.length,
        columns,
        key,
      },
      this.parts,
      this.#layoutOptions,
    );
    const shown = new Map([...columns, ...key].map((column) => [column.cell, column.codec.unavailable ?? null]));
    const unavailable = table.columns.map((_, cell) => shown.get(cell));
    return { table, layouts, columns, key, unavailable, collection: tableName(table) };
  }

  #column(table: Table, column: Column, cell: number, format: CellFormat): ChangeColumn {
    const { types, fieldNames, columnRules = [] } = this.options;
    const codec = columnCodec(column, format, types);
    const byDefault = defaultValue(column, codec.schema, types);
    const schema = {
      ...codec.schema,
      optional: !column.notNull,
      ...(byDefault === undefined ? {} : { defaultValue: byDefault }),
    };
    const length = column.type === 'char' || column.type === 'varchar' ? column.length : undefined;
    const name = adjustName(column.name, fieldNames, 'field');
    const full = `${tableName(table)}.${column.name}`;
    const made = applyRules({ name, schema, codec, cell }, { name: full, length }, columnRules);
    const type = sourceType(column);
    const propagates = this.#sourceTypes.propagates(table.database, table.name, column.name, type.name);
    return propagates ? withSourceType(made, type) : made;
  }

  #key(table: Table, format: CellFormat): ChangeColumn[] {
    const asked = messageKey(this.#keys, tableName(table));
    const cells =
      asked === undefined ? table.key : keyCells(asked, table.columns, tableName(table), 'MYSQL_KEY_COLUMN_MISSING');
    return cells.flatMap((cell) => {
      const column = table.columns[cell];
      return column === undefined ? [] : [this.#column(table, column, cell, format)];
    });
  }
}
