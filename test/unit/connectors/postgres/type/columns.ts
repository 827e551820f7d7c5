import type { Column, PgType } from '../../../../../connectors/postgres/catalog/table.ts';
import { columnCodec } from '../../../../../connectors/postgres/type/codec.ts';
import { DEFAULT_TYPE_OPTIONS, type TypeOptions } from '../../../../../connectors/postgres/type/options.ts';
import { ByteWriter } from '../../../../../runtime/record/byte-writer.ts';
import type { CellCodec } from '../../../../../runtime/record/cell-codec.ts';

const OIDS: Readonly<Record<string, number>> = {
  bool: 16,
  bytea: 17,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  json: 114,
  point: 600,
  box: 603,
  float4: 700,
  float8: 701,
  money: 790,
  inet: 869,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  timetz: 1266,
  bit: 1560,
  varbit: 1562,
  numeric: 1700,
  uuid: 2950,
  jsonb: 3802,
};

export function baseType(name: string): PgType {
  const oid = OIDS[name];
  if (oid === undefined) return { oid: 90_000, schema: 'public', name, kind: 'b', binary: true };
  return { oid, schema: 'pg_catalog', name, kind: 'b', binary: true };
}

export function arrayType(element: PgType): PgType {
  return {
    oid: element.oid + 1_000_000,
    schema: 'pg_catalog',
    name: `_${element.name}`,
    kind: 'b',
    binary: true,
    element,
  };
}

export function columnOf(type: PgType, changes: Partial<Column> = {}): Column {
  const dimensions = type.element === undefined ? 0 : 1;
  return { name: 'c', attnum: 1, type, typmod: -1, dimensions, notNull: false, generated: false, ...changes };
}

export function numericModifier(precision: number, scale: number): number {
  return ((precision << 16) | (scale & 0x7ff)) + 4;
}

export function codecOf(column: Column, options: Partial<TypeOptions> = {}): CellCodec {
  const codec = columnCodec(column, 'text', { ...DEFAULT_TYPE_OPTIONS, ...options });
  if (codec === null) throw new Error(`no codec for ${column.type.name}`);
  return codec;
}

/** JSON of a text cell. */
export function jsonOf(codec: CellCodec, cell: string): string {
  const writer = new ByteWriter(8);
  const bytes = Buffer.from(cell);
  codec.json({ decimalFormat: 'BASE64' })(bytes, 0, bytes.length, writer);
  return writer.view().toString();
}

export function valueOf(codec: CellCodec, cell: string): unknown {
  const bytes = Buffer.from(cell);
  return codec.value(bytes, 0, bytes.length);
}
