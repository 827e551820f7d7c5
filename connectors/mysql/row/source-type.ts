import type { SourceType } from '../../../runtime/change/source-type.ts';
import type { Column } from '../catalog/table.ts';

/** `decimal(10,2) unsigned`, `enum('a','b')`, `timestamp(6)` */
const DECLARED = /^([a-z0-9_ ]+?)\s*(?:\((.*)\))?((?:\s+(?:unsigned|zerofill))*)(?:\s+\/\*.*)?$/is;
const NUMBERS = /^(\d+)(?:,\s*(\d+))?$/;
const LENGTHS: ReadonlySet<string> = new Set(['char', 'varchar', 'binary', 'varbinary', 'bit', 'vector']);

/** As the catalogue declares the column; where that is not known, as the binlog describes it. */
export function sourceType(column: Column): SourceType {
  const [, name, inside, attributes = ''] = DECLARED.exec(column.declared ?? '') ?? [];
  if (name === undefined) return described(column);
  const type = `${name}${attributes.replaceAll(/\s+/g, ' ')}`.toUpperCase();
  if (column.type === 'enum') return { name: type, length: 1 };
  // As many labels as there are, with commas between them.
  if (column.type === 'set') return { name: type, length: Math.max(0, column.labels.length * 2 - 1) };
  const [, length, scale] = NUMBERS.exec(inside ?? '') ?? [];
  return {
    name: type,
    ...(length === undefined ? {} : { length: Number(length) }),
    ...(scale === undefined ? {} : { scale: Number(scale) }),
  };
}

function described({ type, unsigned, length, precision, scale }: Column): SourceType {
  const name = `${type}${unsigned ? ' unsigned' : ''}`.toUpperCase();
  if (type === 'decimal') return { name, length: precision, scale };
  if (precision > 0) return { name, length: precision };
  return LENGTHS.has(type) ? { name, length } : { name };
}
