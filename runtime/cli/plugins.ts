import type { Command } from 'commander';
import { describePlugin, listPlugins } from '../app/plugin-list.ts';
import { notFound } from '../app/not-found.ts';
import { json, paint, table, type CliIo } from './cli-io.ts';

interface Flags {
  readonly json?: boolean;
}

/** `millrace plugins [CLASS]` */
export function definePlugins(command: Command, io: CliIo): void {
  command
    .argument('[class]', 'show the options of this one')
    .option('--json', 'print JSON')
    .description('Lists the connectors and converters of this build, or the options of one. Needs no worker.')
    .addHelpText(
      'after',
      `
Examples:
  millrace plugins
  millrace plugins postgres
  millrace plugins io.debezium.connector.postgresql.PostgresConnector --json`,
    )
    .action(async (className: string | undefined, flags: Flags) => {
      if (className === undefined) printList(io, flags);
      else await printOptions(io, flags, className);
    });
}

function printList(io: CliIo, flags: Flags): void {
  const plugins = listPlugins();
  if (flags.json === true) {
    io.out(json(plugins));
    return;
  }
  const rows = plugins.map(({ className, kind, aliases }) => [className, kind, aliases.join(', ')]);
  table(io, ['CLASS', 'TYPE', 'ALSO CALLED'], rows);
}

async function printOptions(io: CliIo, flags: Flags, className: string): Promise<void> {
  const options = await describePlugin(className);
  if (options === null) {
    const known = listPlugins().flatMap((plugin) => [plugin.className, ...plugin.aliases]);
    throw notFound('PLUGIN_UNKNOWN', 'plugin', className, known, 'millrace plugins');
  }
  if (flags.json === true) {
    io.out(json(options));
    return;
  }
  for (const { name, type, required, default_value: fallback, documentation } of options) {
    const facts = [
      type.toLowerCase(),
      ...(required ? ['required'] : []),
      ...(fallback === null ? [] : [`default ${fallback}`]),
    ];
    io.out(`${paint(io, 'bold', name)} ${paint(io, 'dim', `(${facts.join(', ')})`)}`);
    io.out(`    ${documentation}`);
  }
}
