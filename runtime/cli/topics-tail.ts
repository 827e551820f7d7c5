import type { Command } from 'commander';
import { tailTopic, type TailedRecord, type TailStart } from '../app/local-topics.ts';
import { json, paint, type CliIo } from './cli-io.ts';
import { usage, wholeNumber } from './flags.ts';
import { hubOf, type PlaceFlags } from './place.ts';

interface TailFlags extends PlaceFlags {
  readonly json?: boolean;
  readonly fromBeginning?: boolean;
  readonly fromOffset?: string;
  readonly fromTime?: string;
  readonly partition?: string;
  readonly max?: string;
  readonly follow: boolean;
}

/** `millrace topics tail TOPIC` */
export function defineTail(command: Command, io: CliIo): void {
  command
    .option('-b, --from-beginning', 'from the first record')
    .option('--from-offset <offset>', 'from this offset; a negative one counts back from the end')
    .option('--from-time <time>', 'from this time: 2026-01-31T12:00:00Z, or milliseconds since 1970')
    .option('-p, --partition <number>', 'only this partition')
    .option('-n, --max <count>', 'end after so many records')
    .option('--no-follow', 'end where the topic ends now')
    .addHelpText(
      'after',
      `
Reads the hub's directory; a worker may be writing it. Without a --from… option: what comes from now on. Ctrl-C ends.

Examples:
  millrace topics tail shop.public.orders
  millrace topics tail shop.public.orders --from-beginning --no-follow --json | jq .value.after
  millrace topics tail shop.public.orders --from-offset -5`,
    )
    .action(async (topic: string, flags: TailFlags) => {
      const max = flags.max === undefined ? Number.POSITIVE_INFINITY : wholeNumber('--max', flags.max, 0);
      await tailTopic({
        path: await hubOf(flags, io),
        topic,
        from: startOf(flags),
        partition: flags.partition === undefined ? null : wholeNumber('--partition', flags.partition, 0),
        max,
        follow: flags.follow,
        signal: io.signal,
        beyond: (partition, end) => {
          const then = flags.follow ? 'what comes from now on is shown' : 'there is nothing to show';
          io.err(`partition ${partition} ends at offset ${end}, before ${flags.fromOffset}: ${then}`);
        },
        record: (record) => io.out(flags.json === true ? json(record) : text(io, record)),
      });
    });
}

function startOf({ fromBeginning, fromOffset, fromTime }: TailFlags): TailStart {
  const given = [fromBeginning === true, fromOffset !== undefined, fromTime !== undefined].filter(Boolean);
  if (given.length > 1) throw usage('give only one of --from-beginning, --from-offset, --from-time', '--from-offset');
  if (fromBeginning === true) return 'earliest';
  if (fromOffset !== undefined) {
    if (!/^-?\d{1,18}$/.test(fromOffset))
      throw usage(`--from-offset must be a number, not ${fromOffset}`, '--from-offset');
    return { offset: BigInt(fromOffset) };
  }
  if (fromTime === undefined) return 'latest';
  const timestampMs = /^\d+$/.test(fromTime) ? Number(fromTime) : Date.parse(fromTime);
  if (Number.isNaN(timestampMs)) throw usage(`--from-time is no time: ${fromTime}`, '--from-time');
  return { timestampMs };
}

function text(io: CliIo, { partition, offset, timestamp, key, value }: TailedRecord): string {
  const place = paint(io, 'dim', `${partition}:${offset} ${timestamp}`);
  return `${place} ${paint(io, 'cyan', shown(key))} ${shown(value)}`;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : json(value);
}
