import type { Command } from 'commander';
import { describePlugin, listPlugins } from '../app/plugins/plugin-list.ts';
import { notFound } from '../app/not-found.ts';
import { json, paint, table, type CliIo } from './cli-io.ts';

interface Flags {
  readonly json?: boolean;
}

/** `millrace plugins [CLASS [KEY …]]` */
export function definePlugins(command: Command, io: CliIo): void {
  command
    .argument('[class]', 'show the options of this one')
    .argument('[keys...]', 'only these options')
    .option('--json', 'print JSON')
    .description('Lists the connectors and converters of this build, or the options of one. Needs no worker.')
    .addHelpText(
      'after',
      `
Examples:
  millrace plugins
  millrace plugins postgres
  millrace plugins postgres slot.name snapshot.mode
  millrace plugins io.debezium.connector.postgresql.PostgresConnector --json`,
    )
    .action(async (className: string | undefined, keys: readonly string[], flags: Flags) => {
      if (className === undefined) printList(io, flags);
      else printOptions(io, flags, chosen(await optionsOf(className), className, keys));
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

type PluginOptions = NonNullable<Awaited<ReturnType<typeof describePlugin>>>;

async function optionsOf(className: string): Promise<PluginOptions> {
  const options = await describePlugin(className);
  if (options !== null) return options;
  const known = listPlugins().flatMap((plugin) => [plugin.className, ...plugin.aliases]);
  throw notFound('PLUGIN_UNKNOWN', 'plugin', className, known, 'millrace plugins');
}

/** Those of the keys, in their order; all where none is named. */
function chosen(options: PluginOptions, className: string, keys: readonly string[]): PluginOptions {
  if (keys.length === 0) return options;
  return keys.map((key) => {
    const found = options.find(({ name }) => name === key);
    if (found !== undefined) return found;
    const known = options.map(({ name }) => name);
    throw notFound('OPTION_UNKNOWN', `option of ${className}`, key, known, `millrace plugins ${className}`);
  });
}

function printOptions(io: CliIo, flags: Flags, options: PluginOptions): void {
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
