import {
  changeLayouts,
  type ChangeColumn,
  type ChangeLayoutOptions,
  type ChangeLayouts,
} from '../../../runtime/change/change-layouts.ts';
import type { EnvelopeParts } from '../../../runtime/change/envelope.ts';
import { applyRules } from '../../../runtime/change/column-rules.ts';
import { withOrigins } from '../../../runtime/change/layout-origins.ts';
import { keyCells, messageKey, parseMessageKeys, type KeyRule } from '../../../runtime/change/message-key.ts';
import { layoutOptions, type TaskOrigin } from '../../../runtime/change/options/layout-options.ts';
import { SourceTypes, withSourceType } from '../../../runtime/change/source-type.ts';
import { adjustName } from '../../../runtime/change/name-adjustment.ts';
import { TableLists, type Captures, type TableSpaces } from '../../../runtime/change/table-lists.ts';
import { TopicNames } from '../../../runtime/change/topic-names.ts';
import { transactionLayouts } from '../../../runtime/change/transaction.ts';
import type { RowLayout } from '../../../runtime/record/row-layout.ts';
import { tableName, type Column, type Table } from '../catalog/table.ts';
import { columnCodec, hasBinary, type CellFormat } from '../type/codec.ts';
import { messageLayout } from './message-rows.ts';
import { defaultValue } from '../type/default-value.ts';
import { rowOrigin } from './row-origin.ts';
import type { RowOptions } from './row-options.ts';
import { META_CELLS, postgresEnvelope } from './source-block.ts';
import { declaredLength, sourceType } from './source-type.ts';

/**
 * How the rows of one table version become records, for cells of one format. A row is
 * {@link META_CELLS} meta cells (`META`), then one cell per column of `table.columns` for each image
 * its layout has (see {@link ChangeLayouts}).
 *
 * - A column the tuple leaves out (replica identity) has a NULL cell in the old image.
 * - An unchanged TOAST cell of the new image whose value the old image has points at that value.
 */
export interface TableRows {
  readonly table: Table;
  readonly format: CellFormat;
  readonly layouts: ChangeLayouts;
  /** Columns of the value: for `imageChanged`. */
  readonly columns: readonly ChangeColumn[];
  /** Columns of the key: for `keyChanged`. */
  readonly key: readonly ChangeColumn[];
  /** Per column of the table: whether any record shows it. Other cells may be NULL. */
  readonly wanted: readonly boolean[];
  /**
   * Per column of the table: a binary reader selects its text (the output function's) instead,
   * since its type has no binary codec. The codec of the format `binary` expects that.
   */
  readonly asText: readonly boolean[];
  /** `schema.table`, as transaction records count it. */
  readonly collection: string;
}

/** Where the records of one task come from. */
interface RowOrigin extends TaskOrigin {
  readonly database: string;
  /** `source.version` */
  readonly version: string;
}

const SCHEMAS: TableSpaces = {
  word: 'schema',
  isBuiltIn: (schema) => schema.startsWith('pg_') || schema === 'information_schema',
};

/** Makes the layouts of all records of a task. One per task start. */
export class RowFactory {
  readonly topics: TopicNames;
  readonly message: RowLayout;
  readonly transaction: { readonly begin: RowLayout; readonly end: RowLayout };
  readonly options: RowOptions;
  /** Whether the include and exclude lists let a table in. System schemas never are. */
  readonly captures: Captures;
  readonly #parts: EnvelopeParts;
  readonly #layoutOptions: ChangeLayoutOptions;
  readonly #lists: TableLists;
  readonly #keys: readonly KeyRule[];
  readonly #sourceTypes: SourceTypes;

  /** Throws a `config` error where an option cannot be understood. */
  constructor(options: RowOptions, origin: RowOrigin) {
    const { naming } = options;
    this.options = options;
    this.topics = new TopicNames(naming);
    this.#parts = postgresEnvelope(
      { version: origin.version, name: naming.prefix, database: origin.database },
      options.transactionMetadata,
    );
    this.#layoutOptions = layoutOptions(options, origin, 'postgresql');
    this.message = messageLayout(this.topics.message, this.#parts, options.types);
    this.transaction = transactionLayouts(this.topics.transaction);
    const spaces = { include: options.schemaInclude, exclude: options.schemaExclude };
    this.#lists = new TableLists({ ...options, spaces }, SCHEMAS);
    this.captures = this.#lists.captures;
    this.#keys = parseMessageKeys(options.messageKeys);
    this.#sourceTypes = new SourceTypes(options.propagateColumns ?? [], options.propagateTypes ?? []);
  }

  /** Columns that the lists let in, but records leave out: their type has no mapping (`include.unknown.datatypes`). */
  leftOut(table: Table): readonly string[] {
    return table.columns
      .filter((column) => this.#lists.shows(tableName(table), column.name))
      .filter((column) => columnCodec(column, 'text', this.options.types) === null)
      .map(({ name }) => name);
  }

  /** For a captured table. Throws a `config` error where the options do not fit the table. */
  rows(table: Table, format: CellFormat): TableRows {
    const { schemaNames } = this.options;
    const topic = this.topics.table(table.schema, table.name);
    const columns: ChangeColumn[] = [];
    for (const [cell, column] of table.columns.entries()) {
      if (!this.#lists.shows(tableName(table), column.name)) continue;
      const made = this.#column(table, column, cell, format);
      if (made !== null) columns.push(made);
    }
    const key = this.#key(table, format);
    const layouts = changeLayouts(
      {
        topic,
        name: adjustName(topic, schemaNames, 'schema'),
        sourceSchema: table.schema,
        sourceTable: table.name,
        metaCells: META_CELLS,
        width: table.columns.length,
        columns,
        key,
        ...(table.replicaIdentity === 'f' ? {} : { oldCells: new Set(table.identity) }),
      },
      this.#parts,
      this.#layoutOptions,
    );
    const shown = new Set([...columns, ...key].map(({ cell }) => cell));
    const wanted = table.columns.map((_, cell) => shown.has(cell));
    const asText = table.columns.map(({ type }) => !hasBinary(type));
    const named = withOrigins(layouts, () => rowOrigin(table, format));
    return { table, format, layouts: named, columns, key, wanted, asText, collection: tableName(table) };
  }

  #column(table: Table, column: Column, cell: number, format: CellFormat): ChangeColumn | null {
    const { types, fieldNames, columnRules = [] } = this.options;
    const codec = columnCodec(column, format, types);
    if (codec === null) return null;
    const name = adjustName(column.name, fieldNames, 'field');
    const nullable = !column.notNull && !table.key.includes(cell);
    const byDefault = defaultValue(column, codec.schema, types);
    const schema = {
      ...codec.schema,
      optional: nullable,
      ...(byDefault === undefined ? {} : { defaultValue: byDefault }),
    };
    const full = `${tableName(table)}.${column.name}`;
    const made = applyRules({ name, schema, codec, cell }, { name: full, length: declaredLength(column) }, columnRules);
    const propagates = this.#sourceTypes.propagates(table.schema, table.name, column.name, column.type.name);
    return propagates ? withSourceType(made, sourceType(column)) : made;
  }

  #key(table: Table, format: CellFormat): ChangeColumn[] {
    const asked = messageKey(this.#keys, tableName(table));
    const cells =
      asked === undefined
        ? tableKey(table)
        : keyCells(asked, table.columns, tableName(table), 'POSTGRES_KEY_COLUMN_MISSING');
    return cells.flatMap((cell) => {
      const column = table.columns[cell];
      const made = column === undefined ? null : this.#column(table, column, cell, format);
      return made === null ? [] : [made];
    });
  }
}

/**
 * Cells of the key: the table's key; where the replica identity is another unique index that does
 * not cover it, that index. A delete carries nothing else, and its key must be found again (I4).
 */
function tableKey(table: Table): readonly number[] {
  const { key, identity, replicaIdentity } = table;
  if (replicaIdentity === 'f' || identity.length === 0) return key;
  return key.every((cell) => identity.includes(cell)) ? key : identity;
}
