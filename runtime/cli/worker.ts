import type { Command } from 'commander';
import { runWorker } from '../app/run-worker.ts';
import type { CliIo } from './cli-io.ts';
import { endProcess } from './end-process.ts';
import { collect, keyValue } from './flags.ts';

interface WorkerFlags {
  readonly set: readonly string[];
  readonly json?: boolean;
}

/** `millrace worker [CONFIG] [CONNECTOR.json|DIR …]` */
export function defineWorker(command: Command, io: CliIo): void {
  command
    .argument('[files...]', 'a worker configuration (JSON or .properties), then connector files or directories of them')
    .option('-s, --set <key=value>', 'a worker option; wins over the file', collect, [])
    .option('--json', 'log JSON lines')
    .description(
      'Runs a worker until it is told to stop. Without a configuration file the hub lies in ./millrace-data and REST listens on 127.0.0.1:8083. Connectors given by file are created or updated at the start; others that were stored resume.',
    )
    .addHelpText(
      'after',
      `
SIGTERM and SIGINT drain: tasks stop reading, what they have taken becomes durable, offsets are committed. A second one ends at once.

Examples:
  millrace worker
  millrace worker connect-distributed.properties
  millrace worker worker.json connectors/
  millrace worker shop.json --set millrace.hub.path=/var/lib/millrace --set listeners=http://127.0.0.1:8084`,
    )
    .action(async (files: readonly string[], flags: WorkerFlags) => {
      const { code, hung } = await runWorker({
        files,
        overrides: Object.fromEntries(flags.set.map((text) => keyValue('--set', text))),
        json: flags.json === true,
        colour: io.colour,
        terminal: process.stdout.isTTY,
        variables: io.env,
        signal: io.signal,
      });
      io.exit(code);
      if (hung) endProcess(code);
    });
}
