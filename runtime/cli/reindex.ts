import type { Command } from 'commander';
import { runReindex, type ReindexReport } from '../app/reindex/run-reindex.ts';
import { json, paint, table, type CliIo } from './cli-io.ts';
import { progressLine } from './progress-line.ts';

interface Flags {
  readonly hub: string;
  readonly config?: string;
  readonly keepMapping?: boolean;
  readonly incomplete?: boolean;
  readonly json?: boolean;
}

/** `millrace reindex CONNECTOR` */
export function defineReindex(command: Command, io: CliIo): void {
  command
    .argument('<connector>', 'a sink of Elasticsearch or OpenSearch')
    .option('-d, --hub <path>', 'directory of the hub', './millrace-data')
    .option('-c, --config <file>', "the worker's configuration, where it names converters or internal topics")
    .option(
      '--keep-mapping',
      'give the new index the mapping of the old one, instead of one made from the schemas of records',
    )
    .option('--incomplete', 'go on although the ledger no longer has every record')
    .option('--json', 'print JSON')
    .description(
      'Builds the indexes of a sink anew from the ledger while they serve searches, then switches their names to the new ones in one step. Names of indexes become aliases.',
    )
    .addHelpText(
      'after',
      `
Examples:
  millrace reindex search
  millrace reindex search --hub /var/lib/millrace --keep-mapping`,
    )
    .action(async (name: string, flags: Flags) => {
      const line = progressLine(io);
      const report = await runReindex({
        name,
        hubPath: flags.hub,
        workerConfig: flags.config,
        keepMapping: flags.keepMapping === true,
        incomplete: flags.incomplete === true,
        variables: io.env,
        log: quiet,
        signal: io.signal,
        progress: line.show,
      }).finally(line.end);
      if (flags.json === true) io.out(json(report));
      else print(io, report);
    });
}

const nothing = (): void => undefined;
const quiet = { debug: nothing, info: nothing, warn: nothing, error: nothing };

function print(io: CliIo, { indexes, records, rejected, reasons, left }: ReindexReport): void {
  const rows = indexes.map(({ topic, name, shadow, documents }) => [topic, name, shadow, String(documents)]);
  table(io, ['TOPIC', 'NAME', 'INDEX', 'DOCUMENTS'], rows);
  for (const reason of reasons) io.out(paint(io, 'yellow', `left out: ${reason}`));
  if (rejected > reasons.length) io.out(paint(io, 'yellow', `… and ${rejected - reasons.length} more`));
  for (const index of left) io.out(`${index} is no longer used: delete it when you like`);
  io.out(paint(io, 'green', `switched; ${records} records were written`));
}
