import { FIELD_SEPARATOR, type TruthTable } from '../../connector/truth.ts';

export interface RowDifference {
  /** Canonical texts of the key's fields, in key order. */
  readonly key: readonly string[];
  /** `missing`: only the source has it. `extra`: only the copy. `stale`: both, with other values. */
  readonly kind: 'missing' | 'extra' | 'stale';
}

/** One table of a copy against the source. */
export interface TableComparison {
  readonly table: string;
  readonly copy: string;
  readonly sourceRows: bigint;
  readonly sourceChecksum: bigint;
  readonly copyRows: bigint;
  readonly copyChecksum: bigint;
  readonly equal: boolean;
  /** The first differences, by key; empty when equal. */
  readonly differences: readonly RowDifference[];
  /** Differences beyond those listed. */
  readonly furtherDifferences: number;
  readonly notCompared: TruthTable['notCompared'];
}

/** What a copy of a table (the hub, an archive) holds. */
export interface TableCopy {
  readonly rows: bigint;
  readonly checksum: bigint;
  hashOf(key: string): bigint | undefined;
  keys(): Iterable<string>;
}

/** Compares by count and checksum, and only where they differ row by row. */
export async function compareTable(
  table: TruthTable,
  copyName: string,
  copy: TableCopy,
  limit = 20,
): Promise<TableComparison> {
  const { rows, checksum } = await table.totals();
  const equal = rows === copy.rows && checksum === copy.checksum;
  const found = equal || table.key.length === 0 ? { listed: [], further: 0 } : await differences(table, copy, limit);
  return {
    table: table.name,
    copy: copyName,
    sourceRows: rows,
    sourceChecksum: checksum,
    copyRows: copy.rows,
    copyChecksum: copy.checksum,
    equal,
    differences: found.listed,
    furtherDifferences: found.further,
    notCompared: table.notCompared,
  };
}

async function differences(
  table: TruthTable,
  copy: TableCopy,
  limit: number,
): Promise<{ listed: RowDifference[]; further: number }> {
  const listed: RowDifference[] = [];
  let further = 0;
  const add = (key: string, kind: RowDifference['kind']): void => {
    if (listed.length < limit) listed.push({ key: key.split(FIELD_SEPARATOR), kind });
    else further++;
  };
  const seen = new Set<string>();
  for await (const { key, hash } of table.rows()) {
    seen.add(key);
    const held = copy.hashOf(key);
    if (held === undefined) add(key, 'missing');
    else if (held !== hash) add(key, 'stale');
  }
  for (const key of copy.keys()) if (!seen.has(key)) add(key, 'extra');
  return { listed, further };
}
