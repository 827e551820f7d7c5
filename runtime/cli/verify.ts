import type { Command } from 'commander';
import { runVerify } from '../app/verify/run-verify.ts';
import { json, paint, type CliIo } from './cli-io.ts';
import { EXIT } from './exit-codes.ts';
import { usage } from './flags.ts';
import { printReport } from './verify-report.ts';

interface Flags {
  readonly hub: string;
  readonly config?: string;
  readonly wait: string;
  readonly json?: boolean;
}

/** `millrace verify CONNECTOR` */
export function defineVerify(command: Command, io: CliIo): void {
  command
    .argument('<connector>', 'a source connector')
    .option('-d, --hub <path>', 'directory of the hub', './millrace-data')
    .option('-c, --config <file>', "the worker's configuration, where it names converters or internal topics")
    .option('--wait <seconds>', 'how long the connector may take to reach the compared position', '30')
    .option('--json', 'print JSON')
    .description(
      'Did I lose a row? Compares every captured table with the hub at one exact position of the source, by count, checksum and, where they differ, by row.',
    )
    .addHelpText(
      'after',
      `
Exit status 0: everything is equal; 1: rows differ, and are named.

Examples:
  millrace verify orders
  millrace verify orders --hub /var/lib/millrace --wait 120 --json`,
    )
    .action(async (name: string, flags: Flags) => {
      const report = await runVerify({
        name,
        hubPath: flags.hub,
        workerConfig: flags.config,
        waitMs: seconds(flags.wait) * 1000,
        variables: io.env,
        log: quiet,
        signal: io.signal,
        progress: (text) => io.err(paint(io, 'dim', text)),
      });
      if (flags.json === true) io.out(json(report));
      else printReport(io, report);
      io.exit(report.equal ? EXIT.ok.code : EXIT.failure.code);
    });
}

const nothing = (): void => undefined;
const quiet = { debug: nothing, info: nothing, warn: nothing, error: nothing };

function seconds(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw usage(`--wait ${text}: a positive number of seconds is needed`, '--wait');
}
