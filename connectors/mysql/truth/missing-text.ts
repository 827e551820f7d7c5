import type { Column } from '../catalog/table.ts';
import { defaultCell } from '../type/default-value.ts';
import type { CanonicalColumn } from './canonical-text.ts';

/**
 * What the rows that were there got when a column was added: no event carries it. It is the default that the
 * catalogue has now, for nullable columns too; a NOT NULL column without one was filled with its type's zero. null: NULL,
 * or an expression, whose value nothing tells.
 */
export function missingText(column: Column, canonical: CanonicalColumn): string | null {
  const text = column.defaultText ?? (column.notNull ? zeroOf(column) : undefined);
  if (text === undefined) return null;
  const cell = padded(column, defaultCell(column, text));
  try {
    return canonical.text(cell, 0, cell.length);
  } catch {
    // A text that its type does not read.
    return null;
  }
}

/** A row's `binary(n)` has all its bytes. */
function padded({ type, length }: Column, cell: Buffer): Buffer {
  return type === 'binary' && cell.length < length ? Buffer.concat([cell, Buffer.alloc(length - cell.length)]) : cell;
}

function zeroOf({ type, labels }: Column): string | undefined {
  switch (type) {
    case 'tinyint':
    case 'smallint':
    case 'mediumint':
    case 'int':
    case 'bigint':
    case 'float':
    case 'double':
    case 'decimal':
    case 'year':
      return '0';
    case 'bit':
      return "b'0'";
    case 'date':
      return '0000-00-00';
    case 'time':
      return '00:00:00';
    case 'datetime':
    case 'timestamp':
      return '0000-00-00 00:00:00';
    case 'enum':
      return labels[0];
    case 'char':
    case 'varchar':
    case 'text':
    case 'binary':
    case 'varbinary':
    case 'blob':
    case 'set':
      return '';
    default:
      return undefined;
  }
}
