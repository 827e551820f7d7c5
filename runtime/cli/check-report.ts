import type { ConnectorCheck } from '../rest/api.ts';
import { paint, type CliIo } from './cli-io.ts';

/** What was looked at, and of each failure what mends it. */
export function printCheck(io: CliIo, { name, results }: ConnectorCheck): void {
  io.out(paint(io, 'bold', name));
  if (results.length === 0) io.out('  this connector has nothing to check');
  for (const result of results) {
    const mark = result.ok
      ? paint(io, 'green', 'ok  ')
      : result.fatal
        ? paint(io, 'red', 'FAIL')
        : paint(io, 'yellow', 'warn');
    io.out(`  ${mark} ${result.name}`);
    if (result.problem !== undefined) io.out(`       ${result.problem}`);
    if (result.remedy !== undefined) io.out(`       remedy: ${result.remedy}`);
    if (result.key !== undefined) io.out(paint(io, 'dim', `       key: ${result.key}`));
  }
}
