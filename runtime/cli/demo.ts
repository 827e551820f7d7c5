import type { Command } from 'commander';
import { runDemo, STARTED, type DemoScreen } from '../app/demo/demo.ts';
import { MillraceError } from '../record/error.ts';
import type { CliIo } from './cli-io.ts';
import { demoScreen, jsonScreen } from './demo-screen.ts';
import { EXIT } from './exit-codes.ts';
import { wholeNumber } from './flags.ts';

interface Flags {
  readonly url?: string;
  readonly search?: string | true;
  readonly data: string;
  readonly seconds: string;
  readonly orders: string;
  readonly port: string;
  readonly watch?: boolean;
  readonly json?: boolean;
}

/** `millrace demo` */
export function defineDemo(command: Command, io: CliIo): void {
  command
    .option('--url <url>', 'a Postgres of yours (wal_level=logical) instead of one that is started')
    .option(
      '--search [url]',
      'keep a search index too, and compare it: in the Elasticsearch or OpenSearch at this address, or in one that is started (needs Maven and a JDK of 21 or later)',
    )
    .option('--data <folder>', 'where the hub and the archives go', './demo-data')
    .option('--seconds <seconds>', 'how long the shop is written to', '10')
    .option('--orders <count>', 'orders in the shop before it opens', '20000')
    .option('--port <port>', 'port of the REST API; 0: any free one', '0')
    .option('--watch', 'go on after the proof, until Ctrl-C')
    .option('--json', 'print the comparison as JSON; progress goes to standard error')
    .description(
      'Streams a small shop out of a real Postgres into the hub and into JSON Lines and Parquet files, then proves that source, hub and archives hold the same rows.',
    )
    .addHelpText(
      'after',
      `
Exit status 0: everything is equal; 1: rows differ, and are named.

Examples:
  millrace demo
  millrace demo --watch
  millrace demo --search
  millrace demo --search http://127.0.0.1:9200 --watch
  millrace demo --url postgres://postgres@127.0.0.1:5432/postgres --orders 100000`,
    )
    .action(async (flags: Flags) => {
      const screen: DemoScreen = flags.json === true ? jsonScreen(io) : demoScreen(io, process.stdout.isTTY);
      const orders = wholeNumber('--orders', flags.orders, 100);
      const running = runDemo(
        {
          url: databaseUrl(flags.url),
          search: searchServer(flags.search),
          folder: flags.data,
          seconds: wholeNumber('--seconds', flags.seconds, 1),
          size: { customers: 1000, products: 100, orders },
          port: wholeNumber('--port', flags.port, 0),
          signal: io.signal,
          screen,
        },
        flags.watch === true,
      );
      const report = await running.catch((error: unknown) => {
        throw flags.url === undefined ? error : databaseError(error, flags.url);
      });
      io.exit(report.equal ? EXIT.ok.code : EXIT.failure.code);
    });
}

function databaseUrl(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  if (URL.canParse(given) && /^postgres(?:ql)?:$/.test(new URL(given).protocol)) return given;
  throw new MillraceError('CLI_USAGE', '--url: this is no address of a Postgres', {
    kind: 'config',
    key: '--url',
    remedy: 'Write it like --url postgres://user:password@host:5432/database, or leave it out to have one started.',
  });
}

function searchServer(given: string | true | undefined): string | undefined {
  if (given === undefined || given === true) return given && STARTED;
  if (URL.canParse(given) && /^https?:$/.test(new URL(given).protocol)) return given;
  throw new MillraceError('CLI_USAGE', `--search: "${given}" is no HTTP address`, {
    kind: 'config',
    key: '--search',
    remedy: 'Write it like --search http://127.0.0.1:9200, or --search alone to have a server started.',
  });
}

const UNREACHABLE = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'ENOENT', 'EACCES']);

/** What a driver says of a database of the user's own: by the option it was named with. SQLSTATE class 28: refused there. */
function databaseError(error: unknown, url: string): unknown {
  if (error instanceof MillraceError || !(error instanceof Error) || !('code' in error)) return error;
  const code = String(error.code);
  const place = shownPlace(url);
  const key = '--url';
  if (UNREACHABLE.has(code)) {
    return new MillraceError('DEMO_DATABASE_UNREACHABLE', `no Postgres answers at ${place}: ${error.message}`, {
      kind: 'unavailable',
      key,
      remedy: 'Correct host and port of --url, or leave it out: the demo then starts a Postgres of its own.',
      cause: error,
    });
  }
  if (!/^(?:28|3D)/.test(code)) return error;
  return new MillraceError('DEMO_DATABASE_REFUSED', `Postgres at ${place}: ${error.message}`, {
    kind: 'config',
    key,
    remedy: 'Correct user, password and database of --url: postgres://user:password@host:port/database.',
    cause: error,
  });
}

/** Without user and password (I9). */
function shownPlace(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'the address of --url';
}
