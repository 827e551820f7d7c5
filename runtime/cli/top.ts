import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { ConnectorProfile } from '../rest/api.ts';
import { json, paint, type CliIo } from './cli-io.ts';
import { usage } from './flags.ts';
import { withWorker, workerOf, type PlaceFlags } from './place.ts';
import { segment, type RestClient } from './rest-client.ts';
import { topLines } from './top-screen.ts';

interface Flags extends PlaceFlags {
  readonly json?: boolean;
  readonly once?: boolean;
  readonly interval: string;
}

/** `millrace top [CONNECTOR...]` */
export function defineTop(command: Command, io: CliIo): void {
  withWorker(command)
    .argument('[connectors...]', 'only these')
    .option('--interval <seconds>', 'between looks', '2')
    .option('--once', 'look once')
    .option('--json', 'look once and print JSON')
    .description(
      'Shows where the time of each task goes: shares of the last ten seconds by stage, rates, and the bytes in its queues. Live on a terminal.',
    )
    .addHelpText(
      'after',
      `
Examples:
  millrace top
  millrace top shop archive --interval 1
  millrace top --json`,
    )
    .action(async (names: readonly string[], flags: Flags) => {
      const client = await workerOf(flags, io);
      const everyMs = Number(flags.interval) * 1000;
      if (!(everyMs >= 100)) throw usage('--interval is a number of seconds, 0.1 at least', '--interval');
      if (flags.json === true) {
        io.out(json(await profiles(client, names)));
        return;
      }
      await watch(io, client, names, flags.once === true || !process.stdout.isTTY ? null : everyMs);
    });
}

/** `everyMs: null`: once. */
async function watch(io: CliIo, client: RestClient, names: readonly string[], everyMs: number | null): Promise<void> {
  for (;;) {
    // A terminal of no known width has 0 columns.
    const { columns } = process.stdout;
    const lines = topLines(await profiles(client, names), columns > 0 ? columns : undefined);
    if (everyMs !== null) process.stdout.write('\u001B[H\u001B[2J');
    for (const { text, colour } of lines) io.out(colour === null ? text : paint(io, colour, text));
    if (everyMs === null) return;
    await sleep(everyMs, undefined, { signal: io.signal }).catch(() => undefined);
    if (io.signal.aborted) return;
  }
}

async function profiles(client: RestClient, names: readonly string[]): Promise<readonly ConnectorProfile[]> {
  const wanted = names.length > 0 ? names : await client.request<string[]>('GET', '/connectors');
  return Promise.all(
    wanted.map((name) => client.request<ConnectorProfile>('GET', `/connectors/${segment(name)}/profile`)),
  );
}
