import type { TableComparison } from '../app/verify/comparison.ts';
import type { VerifyReport } from '../app/verify/verify.ts';
import { paint, table, type CliIo } from './cli-io.ts';

/** The comparison for people: a line per table and copy, then the rows that differ. */
export function printReport(io: CliIo, report: VerifyReport): void {
  const rows = report.comparisons.map((one) => [
    one.table,
    one.copy,
    `${one.sourceRows}`,
    `${one.copyRows}`,
    one.sourceChecksum.toString(16),
    one.equal ? paint(io, 'green', 'equal') : paint(io, 'red', 'DIFFERENT'),
  ]);
  table(io, ['TABLE', 'COPY', 'ROWS AT SOURCE', 'ROWS IN COPY', 'CHECKSUM', ''], rows);
  for (const one of report.comparisons) printDifferences(io, one);
  for (const text of notCompared(report.comparisons)) io.out(paint(io, 'yellow', text));
  const verdict = report.equal
    ? paint(
        io,
        'green',
        `No row was lost: ${report.complete ? 'everything' : 'every compared column'} is equal at position ${report.position}.`,
      )
    : paint(io, 'red', `Rows differ at position ${report.position}.`);
  io.out(verdict);
}

function printDifferences(io: CliIo, one: TableComparison): void {
  if (one.equal) return;
  if (one.differences.length === 0) {
    io.out(
      `  ${one.table} in ${one.copy}: checksum ${one.sourceChecksum.toString(16)} at the source, ${one.copyChecksum.toString(16)} in the copy`,
    );
  }
  for (const { key, kind } of one.differences) {
    io.out(`  ${one.table} in ${one.copy}: ${kind} row ${key.join(', ')}`);
  }
  if (one.furtherDifferences > 0) io.out(`  … and ${one.furtherDifferences} more`);
}

function notCompared(comparisons: readonly TableComparison[]): Set<string> {
  return new Set(
    comparisons.flatMap((one) =>
      one.notCompared.map(({ name, reason }) => `not compared: ${one.table}.${name} (${reason})`),
    ),
  );
}
