import type { Command } from 'commander';
import { json, table, type CliIo } from './cli-io.ts';
import { usage } from './flags.ts';
import { withWorker, workerOf, type PlaceFlags } from './place.ts';
import { segment } from './rest-client.ts';

interface Flags extends PlaceFlags {
  readonly json?: boolean;
  readonly cluster?: boolean;
}

const LEVELS: ReadonlySet<string> = new Set(['ALL', 'TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL', 'OFF']);

interface Level {
  readonly level: string;
  readonly last_modified: number | null;
}

/** `millrace loggers [LOGGER] [LEVEL]` */
export function defineLoggers(command: Command, io: CliIo): void {
  withWorker(command)
    .argument('[logger]', 'root, connector, or connector.<name>')
    .argument('[level]', 'DEBUG, INFO, WARN, ERROR or OFF')
    .option('--cluster', 'on all workers')
    .option('--json', 'print JSON')
    .description('Shows how much a running worker logs, or changes it until the worker ends.')
    .addHelpText(
      'after',
      `
Examples:
  millrace loggers
  millrace loggers connector.shop DEBUG
  millrace loggers root INFO`,
    )
    .action(async (logger: string | undefined, level: string | undefined, flags: Flags) => {
      const client = await workerOf(flags, io);
      if (logger === undefined) {
        print(io, flags, await client.request<Record<string, Level>>('GET', '/admin/loggers'));
        return;
      }
      const path = `/admin/loggers/${segment(logger)}`;
      if (level === undefined) {
        print(io, flags, { [logger]: await client.request<Level>('GET', path) });
        return;
      }
      if (!LEVELS.has(level.toUpperCase())) {
        throw usage(`level ${level}: one of ${[...LEVELS].join(', ')} is needed`, 'level');
      }
      const query = flags.cluster === true ? '?scope=cluster' : '';
      const changed = (await client.request<string[] | undefined>('PUT', `${path}${query}`, { level })) ?? [logger];
      if (flags.json === true) io.out(json(changed));
      else for (const name of changed) io.out(`${level.toUpperCase()}: ${name}`);
    });
}

function print(io: CliIo, flags: Flags, levels: Readonly<Record<string, Level>>): void {
  if (flags.json === true) {
    io.out(json(levels));
    return;
  }
  const rows = Object.entries(levels).map(([name, { level, last_modified: since }]) => [
    name,
    level,
    since === null ? '' : new Date(since).toISOString(),
  ]);
  table(io, ['LOGGER', 'LEVEL', 'SET'], rows);
}
