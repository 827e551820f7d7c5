import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { MillraceError } from '../record/error.ts';
import type { ProducedRecord, ProducedRecords } from '../rest/api.ts';
import { json, paint, type CliIo } from './cli-io.ts';
import { collect, keyValue, usage, wholeNumber } from './flags.ts';
import { workerOf, type PlaceFlags } from './place.ts';
import { linesOf, type Line, type LineOptions } from './produce-lines.ts';
import { segment, type RestClient } from './rest-client.ts';

interface ProduceFlags extends PlaceFlags {
  readonly json?: boolean;
  readonly key?: string;
  readonly value?: string;
  readonly null?: boolean;
  readonly header: readonly string[];
  readonly partition?: string;
  readonly timestamp?: string;
  readonly file?: string;
  readonly text?: boolean;
  readonly keySeparator?: string;
  readonly keyConverter?: string;
  readonly valueConverter?: string;
  readonly headerConverter?: string;
  readonly config: readonly string[];
}

/** `millrace topics produce TOPIC` */
export function defineProduce(command: Command, io: CliIo): void {
  command
    .option('-k, --key <text>', 'key of the record')
    .option('-v, --value <text>', 'value of the record: JSON where the converter wants values, else the text')
    .option('--null', 'no value: a tombstone')
    .option('-H, --header <name=text>', 'a header', collect, [])
    .option('-p, --partition <number>', 'partition (default: by the key)')
    .option('--timestamp <time>', 'time of the record: 2026-01-31T12:00:00Z, or milliseconds since 1970 (default: now)')
    .option('-f, --file <path>', 'a record per line; - is standard input, which is read too where no value is given')
    .option('--text', 'each line is a value, not a JSON object of a record')
    .option('--key-separator <text>', 'with --text: a line is a key, this text, a value')
    .option('--key-converter <class>', 'converter of keys (default: the worker’s)')
    .option('--value-converter <class>', 'converter of values (default: the worker’s)')
    .option('--header-converter <class>', 'converter of headers (default: the worker’s)')
    .option('-c, --config <key=value>', 'an option of a converter: value.converter.schemas.enable=true', collect, [])
    .addHelpText(
      'after',
      `
A running worker writes the records, through its converters; each request (some hundred lines) is produced whole or not at all.
A line is what \`topics tail --json\` prints, or less:
  {"key": {"id": 1}, "value": {"id": 1, "total": 9.5}, "headers": {"by": "me"}, "partition": 0, "timestamp": "2026-01-31T12:00:00Z"}
keyBase64 and valueBase64 are bytes as they are; valueSchema is a Connect schema that the value has.

Examples:
  millrace topics produce orders --key 1 --value '{"id": 1, "total": 9.5}' --header by=me
  millrace topics produce orders --key 1 --null
  millrace topics tail orders --from-beginning --no-follow --json | millrace topics produce copies
  millrace topics produce lines --text --value-converter string < access.log`,
    )
    .action((topic: string, flags: ProduceFlags) => produce(topic, flags, io));
}

async function produce(topic: string, flags: ProduceFlags, io: CliIo): Promise<void> {
  const single = flags.value !== undefined || flags.null === true || flags.key !== undefined;
  if (single && flags.file !== undefined) throw usage('give --file, or a record by --key and --value', '--file');
  if (flags.value !== undefined && flags.null === true) throw usage('give only one of --value, --null', '--value');
  if (flags.keySeparator !== undefined && flags.text !== true)
    throw usage('--key-separator goes with --text', '--text');
  if (single && flags.value === undefined && flags.null !== true) {
    throw usage('a record needs --value, or --null for a tombstone', '--value');
  }
  const sender = new Sender(await workerOf(flags, io), topic, flags, io);
  if (single) {
    const [placed] = await sender.send([recordOf(flags)], (text) => text.replace(/^record 1: /, ''));
    if (placed !== undefined && flags.json !== true) told(io, `${topic} ${placed.partition}:${placed.offset}`);
    return;
  }
  const input = inputOf(flags, io);
  try {
    for await (const lines of linesOf(input, lineOptions(flags))) await sender.lines(lines);
  } catch (error) {
    throw isFile(error) ? usage(`--file: ${error.message}`, '--file') : error;
  }
  if (flags.json !== true) told(io, `${sender.count} record${sender.count === 1 ? '' : 's'} to ${topic}`);
}

function told(io: CliIo, what: string): void {
  io.out(`${paint(io, 'green', 'produced')} ${what}`);
}

function isFile(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}

function inputOf({ file = '-' }: ProduceFlags, io: CliIo): AsyncIterable<Uint8Array> {
  if (file !== '-') return createReadStream(file) as AsyncIterable<Uint8Array>;
  if (io.stdin === undefined) throw usage('there is no standard input: give --value or --file', '--value');
  return io.stdin();
}

function lineOptions(flags: ProduceFlags): LineOptions {
  const { text, keySeparator } = flags;
  return {
    ...(text === undefined ? {} : { text }),
    ...(keySeparator === undefined ? {} : { keySeparator }),
    ...shared(flags),
  };
}

/** What the flags say of every record. */
function shared(flags: ProduceFlags): Pick<LineOptions, 'partition' | 'timestamp' | 'headers'> {
  const { partition, timestamp, header } = flags;
  return {
    ...(partition === undefined ? {} : { partition: wholeNumber('--partition', partition, 0) }),
    ...(timestamp === undefined ? {} : { timestamp: /^\d+$/.test(timestamp) ? Number(timestamp) : timestamp }),
    ...(header.length === 0 ? {} : { headers: headersOf(header) }),
  };
}

function headersOf(texts: readonly string[]): readonly object[] {
  return texts.map((text) => {
    const [key, valueText] = keyValue('--header', text);
    return { key, valueText };
  });
}

function recordOf(flags: ProduceFlags): object {
  const { key, value } = flags;
  return {
    ...(key === undefined ? {} : { keyText: key }),
    ...(value === undefined ? {} : { valueText: value }),
    ...shared(flags),
  };
}

/** Sends records to the worker, in the order they come. */
class Sender {
  count = 0;
  readonly #client: RestClient;
  readonly #topic: string;
  readonly #config: Readonly<Record<string, string>>;
  readonly #io: CliIo;
  readonly #json: boolean;

  constructor(client: RestClient, topic: string, flags: ProduceFlags, io: CliIo) {
    const named = { key: flags.keyConverter, value: flags.valueConverter, header: flags.headerConverter };
    const classes = Object.entries(named).flatMap(([side, name]) =>
      name === undefined ? [] : [[`${side}.converter`, name]],
    );
    this.#client = client;
    this.#topic = topic;
    this.#config = Object.fromEntries([
      ...classes,
      ...flags.config.map((text) => keyValue('--config', text)),
    ]) as Record<string, string>;
    this.#io = io;
    this.#json = flags.json === true;
  }

  /** `placed`: a warning as the command line names its record. */
  async send(records: readonly unknown[], placed: (text: string) => string): Promise<readonly ProducedRecord[]> {
    const body = { records, config: this.#config };
    const path = `/topics/${segment(this.#topic)}/records`;
    const answer = await this.#client.request<ProducedRecords>('POST', path, body);
    this.count += answer.records.length;
    for (const warning of answer.warnings ?? []) {
      this.#io.err(`${paint({ colour: this.#io.errColour }, 'yellow', 'warning:')} ${placed(warning)}`);
    }
    if (this.#json) for (const record of answer.records) this.#io.out(json(record));
    return answer.records;
  }

  /** Errors name the lines of the input, and what was produced before them. */
  async lines(lines: readonly Line[]): Promise<void> {
    const byLine = (text: string): string =>
      text.replaceAll(/\brecord (\d+):/g, (whole, number: string) => {
        const line = lines[Number(number) - 1];
        return line === undefined ? whole : `line ${line.number}:`;
      });
    try {
      await this.send(
        lines.map(({ record }) => record),
        byLine,
      );
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      const message = byLine(error.message);
      const before = `lines ${lines[0]?.number ?? 0} to ${lines.at(-1)?.number ?? 0}, after ${this.count} that were produced: `;
      const { code, kind, key, remedy } = error;
      const more = { ...(key === undefined ? {} : { key }), ...(remedy === undefined ? {} : { remedy }) };
      throw new MillraceError(code, before + message, { kind, ...more, cause: error });
    }
  }
}
