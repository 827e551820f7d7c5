import type { Command } from 'commander';
import { silentLog } from '../app/silent-log.ts';
import { runVerify } from '../app/verify/run-verify.ts';
import { json, type CliIo } from './cli-io.ts';
import { usage } from './flags.ts';
import { hubOf, withHub, type PlaceFlags } from './place.ts';
import { progressLine } from './progress-line.ts';
import { exitCodeOfReport, printReport } from './verify-report.ts';

interface Flags extends PlaceFlags {
  readonly config?: string;
  readonly archive?: readonly string[];
  readonly index?: readonly string[];
  readonly wait: string;
  readonly json?: boolean;
}

/** `millrace verify CONNECTOR` */
export function defineVerify(command: Command, io: CliIo): void {
  withHub(command.argument('<connector>', 'a source connector'))
    .option('-c, --config <file>', "the worker's configuration, where it names converters or internal topics")
    .option(
      '-a, --archive <sink-or-folder>',
      'compare an archive too: that of an S3 sink of this hub, or a folder; may be given several times',
      (value: string, before: readonly string[] | undefined) => [...(before ?? []), value],
    )
    .option(
      '-i, --index <sink>',
      'compare a search index too: that of an Elasticsearch or OpenSearch sink of this hub; may be given several times',
      (value: string, before: readonly string[] | undefined) => [...(before ?? []), value],
    )
    .option('--wait <seconds>', 'how long the connector, and each sink, may take to reach the compared position', '30')
    .option('--json', 'print JSON')
    .description(
      'Did I lose a row? Compares every captured table with the hub, and with archives and search indexes, at one exact position of the source, by count, checksum and, where they differ, by row.',
    )
    .addHelpText(
      'after',
      `
Exit status 0: no difference; 1: rows differ, and are named; 7: a table cannot be compared.

Examples:
  millrace verify orders
  millrace verify orders --archive archive --archive /mnt/old-archive
  millrace verify orders --index search
  millrace verify orders --hub /var/lib/millrace --wait 120 --json`,
    )
    .action(async (name: string, flags: Flags) => {
      const line = progressLine(io);
      const report = await runVerify({
        name,
        archives: flags.archive ?? [],
        indexes: flags.index ?? [],
        hubPath: await hubOf(flags, io),
        workerConfig: flags.config,
        waitMs: seconds(flags.wait) * 1000,
        variables: io.env,
        log: silentLog,
        signal: io.signal,
        progress: line.show,
      }).finally(line.end);
      if (flags.json === true) io.out(json(report));
      else printReport(io, report);
      io.exit(exitCodeOfReport(report));
    });
}

function seconds(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw usage(`--wait ${text}: a positive number of seconds is needed`, '--wait');
}
