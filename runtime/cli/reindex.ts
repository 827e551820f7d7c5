import type { Command } from 'commander';
import { runReindex, type ReindexReport, type SinkControl } from '../app/reindex/run-reindex.ts';
import { silentLog } from '../app/silent-log.ts';
import { MillraceError } from '../record/error.ts';
import type { ConnectorStateInfo } from '../rest/api.ts';
import { json, paint, table, type CliIo } from './cli-io.ts';
import { withWorker, workerOf, type PlaceFlags } from './place.ts';
import { progressLine } from './progress-line.ts';
import { segment } from './rest-client.ts';

interface Flags extends PlaceFlags {
  readonly hub: string;
  readonly config?: string;
  readonly keepMapping?: boolean;
  readonly incomplete?: boolean;
  readonly offline?: boolean;
  readonly json?: boolean;
}

/** `millrace reindex CONNECTOR` */
export function defineReindex(command: Command, io: CliIo): void {
  withWorker(command)
    .argument('<connector>', 'a sink of Elasticsearch or OpenSearch')
    .option('-d, --hub <path>', 'directory of the hub', './millrace-data')
    .option('-c, --config <file>', "the worker's configuration, where it names converters or internal topics")
    .option(
      '--keep-mapping',
      'give the new index the mapping of the old one, instead of one made from the schemas of records',
    )
    .option('--incomplete', 'go on although the ledger no longer has every record')
    .option(
      '--offline',
      'no worker runs on this hub, and none can until the command ends: none is asked to stop the connector for the switch',
    )
    .option('--json', 'print JSON')
    .description(
      'Builds the indexes of a sink anew from the ledger while they serve searches, then switches their names to the new ones in one step. Names of indexes become aliases. The connector is stopped over REST for the last catching up and the switch.',
    )
    .addHelpText(
      'after',
      `
Examples:
  millrace reindex search
  millrace reindex search --hub /var/lib/millrace --url http://127.0.0.1:8083 --keep-mapping`,
    )
    .action(async (name: string, flags: Flags) => {
      const line = progressLine(io);
      const report = await runReindex({
        name,
        hubPath: flags.hub,
        workerConfig: flags.config,
        keepMapping: flags.keepMapping === true,
        incomplete: flags.incomplete === true,
        control: flags.offline === true ? null : () => controlOf(name, flags, io, line.show),
        variables: io.env,
        log: silentLog,
        signal: io.signal,
        progress: line.show,
      })
        .catch((error: unknown) => {
          throw flags.offline === true ? besideWorker(error) : error;
        })
        .finally(line.end);
      if (flags.json === true) io.out(json(report));
      else print(io, report);
    });
}

/** A worker has the hub after all: it need not be stopped. */
function besideWorker(error: unknown): unknown {
  if (!(error instanceof MillraceError) || error.code !== 'HUB_IN_USE') return error;
  const remedy =
    'Leave --offline out: the worker goes on, and only this connector is stopped, for the switch. Or stop the worker.';
  return new MillraceError(error.code, error.message, { kind: error.kind, key: '--offline', remedy, cause: error });
}

const POLL_MS = 200;

async function controlOf(name: string, flags: Flags, io: CliIo, tell: (text: string) => void): Promise<SinkControl> {
  const worker = await workerOf(flags, io);
  const path = `/connectors/${segment(name)}`;
  const status = (): Promise<ConnectorStateInfo> => worker.request<ConnectorStateInfo>('GET', `${path}/status`);
  const before = await status();
  /** What others want it to do, as it was last seen; null: nothing. */
  let wish: 'resume' | 'pause' | null = null;
  return {
    async stop() {
      const { state } = (await status()).connector;
      if (state !== 'STOPPED') wish = state === 'PAUSED' ? 'pause' : 'resume';
      await worker.request('PUT', `${path}/stop`);
      for (let waitedMs = 0; waitedMs < MOST_MS; waitedMs += POLL_MS) {
        const now = await status();
        if (now.connector.state === 'STOPPED' && now.tasks.length === 0) return;
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
      throw notStopped(name);
    },
    async giveAgain(offsets) {
      await worker.request('PATCH', `${path}/offsets`, {
        offsets: offsets.map(({ topic, partition, offset }) => ({
          partition: { kafka_topic: topic, kafka_partition: partition },
          offset: { kafka_offset: Number(offset) },
        })),
      });
    },
    async restore() {
      if (wish === null) {
        if (before.connector.state !== 'STOPPED') tell(`${name} was stopped by others meanwhile, and stays so`);
        return;
      }
      await worker.request('PUT', `${path}/${wish}`).catch((error: unknown) => {
        throw stillStopped(name, wish ?? 'resume', error);
      });
    },
  };
}

const MOST_MS = 60_000;

function notStopped(name: string): MillraceError {
  return new MillraceError('REINDEX_NOT_STOPPED', `${name} did not stop within ${MOST_MS} ms`, {
    kind: 'busy',
    remedy: 'See its status; give the command again once it answers.',
  });
}

function stillStopped(name: string, wish: string, cause: unknown): MillraceError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MillraceError('REINDEX_STILL_STOPPED', `${name} is STOPPED and could not be let go on: ${why}`, {
    kind: 'busy',
    remedy: `When the worker answers: millrace connectors ${wish} ${name}.`,
  });
}

function print(io: CliIo, { indexes, records, rejected, reasons, left }: ReindexReport): void {
  const rows = indexes.map(({ name, shadow, documents }) => [name, shadow, String(documents)]);
  table(io, ['NAME', 'INDEX', 'DOCUMENTS'], rows);
  for (const reason of reasons) io.out(paint(io, 'yellow', `left out: ${reason}`));
  if (rejected > reasons.length) io.out(paint(io, 'yellow', `… and ${rejected - reasons.length} more`));
  for (const index of left) io.out(`${index} is no longer used: delete it when you like`);
  io.out(paint(io, 'green', `switched; ${records} records were written`));
}
