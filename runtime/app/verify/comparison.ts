import { FIELD_SEPARATOR, type TruthTable } from '../../connector/truth.ts';
import type { Between } from './keyless-counts.ts';

export interface RowDifference {
  /** Canonical texts of the key's fields, in key order; empty in a table without a key. */
  readonly key: readonly string[];
  /**
   * `missing`: only the source has it. `extra`: only the copy. `stale`: both, with other values.
   * `doubled`: an archive has this record of it more than once. `lost`: an archive has not this record
   * of the topic, whether the row is as it should be or not.
   */
  readonly kind: 'missing' | 'extra' | 'stale' | 'doubled' | 'lost';
  /** Of a doubled or lost record: `<topic>-<partition>@<offset>`. */
  readonly record?: string;
}

/** Why a copy of a table cannot be compared. */
export interface Uncompared {
  readonly reason: string;
  /** Even where rows and checksum are those of the source. */
  readonly always: boolean;
}

/** What could be a difference or none. */
export interface Inconclusive {
  /** Of a row; empty: it concerns the table. */
  readonly key: readonly string[];
  readonly reason: string;
}

/** One table of a copy against the source. */
export interface TableComparison {
  readonly table: string;
  readonly copy: string;
  readonly sourceRows: bigint;
  readonly sourceChecksum: bigint;
  readonly copyRows: bigint;
  readonly copyChecksum: bigint;
  /** False: the copy holds what cannot be compared; `inconclusive` says why. */
  readonly compared: boolean;
  /** It was compared and no difference was found; `inconclusive` may say where one could hide. */
  readonly equal: boolean;
  /** The first differences, by key; empty when equal. */
  readonly differences: readonly RowDifference[];
  /** Differences beyond those listed. */
  readonly furtherDifferences: number;
  /** The first ones. */
  readonly inconclusive: readonly Inconclusive[];
  readonly notCompared: TruthTable['notCompared'];
}

/** The rows of a table without a key, counted with care. */
interface Recount {
  counts(): ReadonlyMap<bigint, Between>;
  /** Updates or deletes do not say which row they were of: the counts say nothing. */
  readonly blind: boolean;
}

/** What a copy of a table (the hub, an archive) holds. */
export interface TableCopy {
  readonly rows: bigint;
  readonly checksum: bigint;
  hashOf(key: string): bigint | undefined;
  keys(): Iterable<string>;
  /** Whether the row's last event can be read so too. */
  mayBe?(key: string, hash: bigint): boolean;
  /** Of a table without a key: how often each row occurs where events may be repetitions. */
  recount?(): Promise<Recount>;
  /** Keys of rows that the copy may show as they were after the compared position. */
  readonly changedLater?: Iterable<string>;
  /** Its rows cannot be told from what it holds: none is called missing then. */
  readonly uncompared?: Uncompared | undefined;
  /** Records that the copy has more than once, or lacks. */
  readonly records?: readonly RowDifference[];
}

/** Compares by count and checksum, and only where they differ row by row. */
export async function compareTable(
  table: TruthTable,
  copyName: string,
  copy: TableCopy,
  limit = 20,
): Promise<TableComparison> {
  const { rows, checksum } = await table.totals();
  const found = new Findings(limit);
  for (const one of copy.records ?? []) found.differs(one);
  for (const key of copy.changedLater ?? []) found.isOpen({ key: key.split(FIELD_SEPARATOR), reason: LATER });
  const { uncompared } = copy;
  const differs = rows !== copy.rows || checksum !== copy.checksum;
  const compared = uncompared === undefined || !(differs || uncompared.always);
  if (!compared) found.isOpen({ key: [], reason: uncompared.reason });
  else if (differs) {
    if (table.key.length > 0) await compareRows(table, copy, found);
    else await compareCounts(table, copy, found);
  }
  return {
    table: table.name,
    copy: copyName,
    sourceRows: rows,
    sourceChecksum: checksum,
    copyRows: copy.rows,
    copyChecksum: copy.checksum,
    compared,
    equal: compared && found.differences.length === 0,
    differences: found.differences,
    furtherDifferences: found.further,
    inconclusive: found.inconclusive,
    notCompared: table.notCompared,
  };
}

class Findings {
  readonly differences: RowDifference[] = [];
  readonly inconclusive: Inconclusive[] = [];
  further = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  differs(difference: RowDifference): void {
    if (this.differences.length < this.#limit) this.differences.push(difference);
    else this.further++;
  }

  isOpen(one: Inconclusive): void {
    if (this.inconclusive.length < this.#limit) this.inconclusive.push(one);
  }
}

async function compareRows(table: TruthTable, copy: TableCopy, found: Findings): Promise<void> {
  const seen = new Set<string>();
  for await (const { key, hash } of table.rows()) {
    seen.add(key);
    const held = copy.hashOf(key);
    if (held === hash) continue;
    const texts = key.split(FIELD_SEPARATOR);
    if (held === undefined) found.differs({ key: texts, kind: 'missing' });
    else if (copy.mayBe?.(key, hash) === true) found.isOpen({ key: texts, reason: LEFT_OUT });
    else found.differs({ key: texts, kind: 'stale' });
  }
  for (const key of copy.keys()) {
    if (!seen.has(key)) found.differs({ key: key.split(FIELD_SEPARATOR), kind: 'extra' });
  }
}

const LATER = 'it changed after the compared position';
const LEFT_OUT = 'its last event shows the placeholder of a value left out, which is a possible value too';
const BLIND = 'its updates and deletes do not say which row they were of (REPLICA IDENTITY FULL is needed)';
const REPEATED = 'equal rows were written or read together, which cannot be told from events that came twice';

/** Rows have no names without a key: they are counted by value. */
async function compareCounts(table: TruthTable, copy: TableCopy, found: Findings): Promise<void> {
  const recount = await copy.recount?.();
  if (recount?.blind === true) {
    found.isOpen({ key: [], reason: BLIND });
    return;
  }
  const held = new Map(recount?.counts());
  const wanted = new Map<bigint, number>();
  for await (const { hash } of table.rows()) wanted.set(hash, (wanted.get(hash) ?? 0) + 1);
  let open = false;
  for (const hash of new Set([...wanted.keys(), ...held.keys()])) {
    const rows = wanted.get(hash) ?? 0;
    const { least, most } = held.get(hash) ?? { least: 0, most: 0 };
    for (let lost = most; lost < rows; lost++) found.differs({ key: [], kind: 'missing' });
    for (let more = rows; more < least; more++) found.differs({ key: [], kind: 'extra' });
    open ||= least !== most;
  }
  if (open && found.differences.length === 0) found.isOpen({ key: [], reason: REPEATED });
}
