import type { TableComparison } from '../app/verify/comparison.ts';
import type { VerifyReport } from '../app/verify/verify.ts';
import { paint, table, type CliIo } from './cli-io.ts';
import { EXIT } from './exit-codes.ts';

/** Differences first: what cannot be compared takes nothing from them. */
export function exitCodeOfReport({ equal, comparisons }: VerifyReport): number {
  if (comparisons.some(hasDifferences)) return EXIT.failure.code;
  return equal ? EXIT.ok.code : EXIT.uncompared.code;
}

function hasDifferences({ differences }: TableComparison): boolean {
  return differences.length > 0;
}

/** The comparison for people: a line per table and copy, then the rows that differ. */
export function printReport(io: CliIo, report: VerifyReport): void {
  const rows = report.comparisons.map((one) => [
    one.table,
    one.copy,
    `${one.sourceRows}`,
    `${one.copyRows}`,
    one.sourceChecksum.toString(16),
    verdictOf(io, one),
  ]);
  table(io, ['TABLE', 'COPY', 'ROWS AT SOURCE', 'ROWS IN COPY', 'CHECKSUM', ''], rows);
  for (const one of report.comparisons) printDifferences(io, one);
  for (const one of report.comparisons) printInconclusive(io, one);
  for (const one of report.notHeld) {
    io.out(paint(io, 'yellow', `not compared: ${one.table} in ${one.copy} (its sink does not read this topic)`));
  }
  if (report.unseen !== undefined) io.out(paint(io, 'yellow', `not compared: ${report.unseen}`));
  for (const text of notCompared(report.comparisons)) io.out(paint(io, 'yellow', text));
  io.out(verdict(io, report));
}

function verdict(io: CliIo, { equal, complete, comparisons, position }: VerifyReport): string {
  if (comparisons.some(hasDifferences)) return paint(io, 'red', `Rows differ at position ${position}.`);
  if (!equal) {
    return paint(io, 'yellow', `No difference was found at position ${position}, but not everything can be compared.`);
  }
  if (comparisons.some((one) => one.inconclusive.length > 0)) {
    return paint(io, 'yellow', `No difference was found at position ${position}, but not everything could be decided.`);
  }
  const what = complete ? 'everything' : 'all that was compared';
  return paint(io, 'green', `No row was lost: ${what} is equal at position ${position}.`);
}

function verdictOf(io: CliIo, one: TableComparison): string {
  if (!one.compared && !hasDifferences(one)) return paint(io, 'yellow', 'CANNOT BE COMPARED');
  if (!one.equal) return paint(io, 'red', 'DIFFERENT');
  return one.inconclusive.length === 0 ? paint(io, 'green', 'equal') : paint(io, 'yellow', 'INCONCLUSIVE');
}

function printDifferences(io: CliIo, one: TableComparison): void {
  for (const { key, kind, record } of one.differences) {
    if (kind === 'lost') {
      io.out(`  ${one.table} in ${one.copy}: lost record ${record ?? ''}`);
      continue;
    }
    const row = key.length === 0 ? 'row (the table has no key to name it)' : `row ${key.join(', ')}`;
    io.out(`  ${one.table} in ${one.copy}: ${kind} ${row}${record === undefined ? '' : `, record ${record}`}`);
  }
  if (one.furtherDifferences > 0) io.out(`  … and ${one.furtherDifferences} more`);
}

function printInconclusive(io: CliIo, one: TableComparison): void {
  for (const { key, reason } of one.inconclusive) {
    const word = one.compared ? 'inconclusive for' : 'cannot be compared:';
    const what = key.length === 0 ? one.table : `${one.table} row ${key.join(', ')}`;
    io.out(paint(io, 'yellow', `  ${word} ${what} in ${one.copy}: ${reason}`));
  }
}

function notCompared(comparisons: readonly TableComparison[]): Set<string> {
  return new Set(
    comparisons.flatMap((one) =>
      one.notCompared.map(({ name, reason }) => `not compared: ${one.table}.${name} (${reason})`),
    ),
  );
}
