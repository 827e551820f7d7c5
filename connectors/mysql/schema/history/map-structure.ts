import { mapColumn } from '../../binlog/map-column.ts';
import type { TableMap } from '../../binlog/table-map.ts';
import type { Column, Table } from '../../catalog/table.ts';

/**
 * The table of a map that says only types and lengths, with the names, signs, character sets, labels, declared types and key of a
 * structure. Text: how the two do not fit. How a row is cut into values comes from the map alone.
 */
export function structuredTable(map: TableMap, structure: Table): Table | string {
  const { head, columns: raw } = map;
  const { columns: known } = structure;
  if (raw.length !== known.length) return `its rows have ${raw.length} columns, the structure has ${known.length}`;
  const columns: Column[] = [];
  for (const [i, column] of raw.entries()) {
    const from = known[i];
    if (from === undefined) continue;
    const { name, unsigned, charset, type, labels, declared, defaultText } = from;
    const described = { ...column, name, unsigned, geometry: type === 'point' ? 1 : 0, labels: [] };
    const made = mapColumn(charset === undefined ? described : { ...described, charset }, head);
    const difference = differs(made, from);
    if (difference !== undefined) return `${name}: ${difference}`;
    columns.push({ ...made, labels, declared, defaultText });
  }
  return { ...structure, database: head.database, name: head.name, columns };
}

function differs(map: Column, known: Column): string | undefined {
  const pairs: readonly (readonly [what: string, map: unknown, known: unknown])[] = [
    ['the type', map.type, known.type],
    ['NOT NULL', map.notNull, known.notNull],
    ...(SIZED.has(map.type) ? ([['the length', map.length, known.length]] as const) : []),
    ...(map.type === 'decimal' ? ([['the scale', map.scale, known.scale]] as const) : []),
    ...(map.type === 'decimal' || (TEMPORAL.has(map.type) && !map.old)
      ? ([['the precision', map.precision, known.precision]] as const)
      : []),
    ...(map.type === 'text' || map.type === 'blob' ? ([['the size', map.size, known.size]] as const) : []),
    ...(map.type === 'enum' || map.type === 'set'
      ? ([['the number of labels', map.size, labelBytes(map.type, known.labels.length)]] as const)
      : []),
  ];
  const found = pairs.find(([, left, right]) => left !== right);
  return found === undefined
    ? undefined
    : `${found[0]} is ${String(found[1])} in its rows, ${String(found[2])} in the structure`;
}

const SIZED: ReadonlySet<string> = new Set(['char', 'varchar', 'binary', 'varbinary', 'bit']);
const TEMPORAL: ReadonlySet<string> = new Set(['time', 'datetime', 'timestamp']);

/** Bytes that a value of so many labels takes. */
function labelBytes(type: 'enum' | 'set', labels: number): number {
  if (type === 'enum') return labels < 256 ? 1 : 2;
  const bytes = (labels + 7) >> 3;
  return bytes > 4 ? 8 : bytes;
}
