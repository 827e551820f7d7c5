import type { Command } from 'commander';
import { MillraceError } from '../record/error.ts';
import type { Rewind } from '../rest/api.ts';
import { json, paint, table, type CliIo } from './cli-io.ts';
import { EXIT } from './exit-codes.ts';
import { collect, usage } from './flags.ts';
import { workerOf, type PlaceFlags } from './place.ts';
import { segment, type RestClient } from './rest-client.ts';

interface RewindFlags extends PlaceFlags {
  readonly json?: boolean;
  readonly toTime?: string;
  readonly toOffset: readonly string[];
  readonly toLsn?: string;
  readonly toBinlog?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

type Sub = (command: Command, name: string, summary: string, example: string) => Command;
type Place = Readonly<Record<string, unknown>>;

/** `millrace connectors rewind NAME` */
export function defineRewind(command: Command, io: CliIo, sub: Sub): void {
  sub(
    command,
    'rewind <name>',
    'read again from an earlier place; says first how much that is',
    'rewind archive --to-time 2026-01-31T12:00:00Z --dry-run\n  millrace connectors rewind archive --to-offset orders-0=1200 --to-offset orders-1=900\n  millrace connectors rewind shop --to-lsn 0/16B2D50 --yes\n  millrace connectors rewind shop --to-binlog binlog.000003:1234 --yes',
  )
    .option('--to-time <time>', 'of a sink: records, of a MySQL source: transactions from this time on (ISO 8601)')
    .option(
      '--to-offset <offset>',
      'a number: of a sink an offset in all partitions, of a source its own count (docs/rewind.md); or topic-partition=number, which may be repeated',
      collect,
      [],
    )
    .option('--to-lsn <lsn>', 'of a Postgres source: changes committed from this LSN on')
    .option(
      '--to-binlog <place>',
      'of a MySQL or MariaDB source: file:position, or the GTIDs of what is not read again',
    )
    .option('--dry-run', 'only say what would be read again')
    .option('--yes', 'do not ask')
    .action(async (name: string, flags: RewindFlags) => {
      const place = placeOf(flags);
      await rewind(await workerOf(flags, io), name, place, io, flags);
    });
}

async function rewind(client: RestClient, name: string, place: Place, io: CliIo, flags: RewindFlags): Promise<void> {
  const path = `/connectors/${segment(name)}/rewind`;
  const looked = await client.request<Rewind>('POST', path, { ...place, dry_run: true });
  const nothing = looked.partitions.length === 0;
  if (flags.json !== true) print(io, looked);
  if (flags.dryRun === true || nothing) {
    if (flags.json === true) io.out(json(looked));
    return;
  }
  if (flags.yes !== true) {
    const answer = (await io.confirm?.(`Rewind ${name}?`)) ?? null;
    if (answer === null) throw unconfirmed(name);
    if (!answer) {
      io.err('nothing was changed');
      io.exit(EXIT.failure.code);
      return;
    }
  }
  const done = await client.request<Rewind>('POST', path, place);
  if (flags.json === true) io.out(json(done));
  else io.out(`${paint(io, 'green', 'rewound')} ${name}`);
}

/** The body of the request. */
function placeOf({ toTime, toOffset, toLsn, toBinlog }: RewindFlags): Place {
  const places: Place[] = [
    ...(toTime === undefined ? [] : [{ time: toTime }]),
    ...(toOffset.length === 0 ? [] : [offsetsOf(toOffset)]),
    ...(toLsn === undefined ? [] : [{ lsn: toLsn }]),
    ...(toBinlog === undefined ? [] : [{ binlog: toBinlog }]),
  ];
  const [place] = places;
  if (place !== undefined && places.length === 1) return place;
  throw usage('give one of --to-time, --to-offset, --to-lsn, --to-binlog', '--to-offset');
}

function offsetsOf(texts: readonly string[]): Place {
  const [first] = texts;
  if (texts.length === 1 && first !== undefined && /^\d+$/.test(first)) return { offset: first };
  return { offsets: Object.fromEntries(texts.map(partitionOffset)) };
}

function partitionOffset(text: string): [string, string] {
  const parts = /^(.+-\d+)=(\d+)$/.exec(text);
  if (parts?.[1] !== undefined && parts[2] !== undefined) return [parts[1], parts[2]];
  throw usage(
    `--to-offset ${text}: a whole number, or topic-partition=number (orders-0=1200), is needed`,
    '--to-offset',
  );
}

function print(io: CliIo, { partitions, records, bytes, notes }: Rewind): void {
  if (partitions.length > 0) {
    const rows = partitions.map((one) => [
      partitionText(one.partition),
      placeText(one.from),
      one.to === null ? 'the beginning' : placeText(one.to),
      one.records === null ? '?' : String(one.records),
      one.bytes === null ? '?' : String(one.bytes),
    ]);
    table(io, ['PARTITION', 'FROM', 'TO', 'RECORDS', 'BYTES'], rows);
    const counted = [
      ...(records === null ? [] : [`at most ${records} records`]),
      ...(bytes === null ? [] : [`about ${bytes} bytes`]),
    ];
    io.out(`${counted.join(', ') || 'An unknown number of records'} will be read again.`);
  }
  for (const note of [...partitions.flatMap(({ note: own }) => own ?? []), ...notes]) io.out(paint(io, 'dim', note));
}

function partitionText(partition: Rewind['partitions'][number]['partition']): string {
  const { kafka_topic: topic, kafka_partition: number } = partition;
  return typeof topic === 'string' && typeof number === 'number' ? `${topic}-${number}` : json(partition);
}

/** The part of an offset that people know it by. */
function placeText(offset: Rewind['partitions'][number]['from']): string {
  const { file, pos } = offset;
  if (typeof file === 'string' && file !== '' && typeof pos === 'number') return `${file}:${pos}`;
  const known =
    offset['kafka_offset'] ?? offset['millrace.flush'] ?? offset['position'] ?? offset['record'] ?? offset['gtids'];
  return typeof known === 'string' || typeof known === 'number' ? String(known) : json(offset);
}

function unconfirmed(name: string): MillraceError {
  return new MillraceError('CLI_UNCONFIRMED', `${name} was not rewound: there is no terminal to ask on`, {
    kind: 'config',
    key: '--yes',
    remedy: 'Look at it with --dry-run, then say --yes.',
  });
}
