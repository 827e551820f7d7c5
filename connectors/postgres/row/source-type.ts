import type { ChangeColumn } from '../../../runtime/change/change-layouts.ts';
import { baseType, type Column } from '../catalog/table.ts';

const VARLENA_HEADER = 4;
/** bpchar, varchar: the modifier is the length and a header; bit, varbit: the length itself; numeric: precision and scale. */
const TEXTS: ReadonlySet<number> = new Set([1042, 1043]);
const BITS: ReadonlySet<number> = new Set([1560, 1562]);
const NUMERIC = 1700;

/** Most characters of a text column; undefined: no limit declared. */
export function declaredLength(column: Column): number | undefined {
  const { type, typmod } = baseType(column);
  return TEXTS.has(type.oid) && typmod >= VARLENA_HEADER ? typmod - VARLENA_HEADER : undefined;
}

/** Adds `__debezium.source.column.*` to the field's schema (`column.propagate.source.type`). */
export function withSourceType(made: ChangeColumn, column: Column): ChangeColumn {
  const { type, typmod } = baseType(column);
  const parameters: Record<string, string> = {
    ...made.schema.parameters,
    '__debezium.source.column.type': type.name.toUpperCase(),
  };
  const modifier = typmod - VARLENA_HEADER;
  if (type.oid === NUMERIC && modifier >= 0) {
    parameters['__debezium.source.column.length'] = String(modifier >>> 16);
    parameters['__debezium.source.column.scale'] = String(((modifier & 0x7ff) ^ 0x400) - 0x400);
  } else if (BITS.has(type.oid) && typmod >= 0) parameters['__debezium.source.column.length'] = String(typmod);
  else if (TEXTS.has(type.oid) && modifier >= 0) parameters['__debezium.source.column.length'] = String(modifier);
  return { ...made, schema: { ...made.schema, parameters } };
}
