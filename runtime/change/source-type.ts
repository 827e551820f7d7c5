import type { ChangeColumn } from './change-layouts.ts';
import { matchesAny } from './filters.ts';

/** A column's type as the database names it. */
export interface SourceType {
  /** In capitals. */
  readonly name: string;
  readonly length?: number;
  readonly scale?: number;
}

/** Adds `__debezium.source.column.*` to a field's schema, as Debezium does. */
export function withSourceType(made: ChangeColumn, { name, length, scale }: SourceType): ChangeColumn {
  const parameters = {
    ...made.schema.parameters,
    '__debezium.source.column.type': name,
    ...(length === undefined ? {} : { '__debezium.source.column.length': String(length) }),
    ...(scale === undefined ? {} : { '__debezium.source.column.scale': String(scale) }),
  };
  return { ...made, schema: { ...made.schema, parameters } };
}

/** Which columns name their types: by `container.table.column`, and by `container.table.type` or `container.type`. */
export class SourceTypes {
  readonly #columns: (name: string) => boolean;
  readonly #types: (name: string) => boolean;

  /** Throws a `config` error that names the key. */
  constructor(columns: readonly string[], types: readonly string[]) {
    this.#columns = matchesAny(columns, 'column.propagate.source.type');
    this.#types = matchesAny(types, 'datatype.propagate.source.type');
  }

  propagates(container: string, table: string, column: string, type: string): boolean {
    return (
      this.#columns(`${container}.${table}.${column}`) ||
      this.#types(`${container}.${table}.${type}`) ||
      this.#types(`${container}.${type}`)
    );
  }
}
