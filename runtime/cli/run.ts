import { Command, CommanderError } from 'commander';
import { VERSION } from '../app/version.ts';
import { printError, type CliIo } from './cli-io.ts';
import { COMMANDS, COMPLETE } from './command-table.ts';
import { endProcess } from './end-process.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';

/** Runs the command line. Sets the exit status; does not end the process. */
export async function run(args: readonly string[]): Promise<void> {
  const io = processIo();
  try {
    if (args[0] === COMPLETE) {
      for (const word of await (await import('./complete.ts')).complete(args.slice(1), io)) io.out(word);
      return;
    }
    const program = await buildProgram(args, io);
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      io.exit(error.exitCode === 0 ? EXIT.ok.code : EXIT.usage.code);
      return;
    }
    printError(io, error);
    io.exit(exitCodeOf(error));
  }
}

/** All commands by name; only the one that is called is loaded. */
export async function buildProgram(args: readonly string[], io: CliIo): Promise<Command> {
  const program = new Command('millrace')
    .description('Change data capture and integration connectors: databases to topics to archives.')
    .version(VERSION)
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError('(see --help)')
    .addHelpText(
      'after',
      `
Examples:
  millrace worker                                  # hub in ./millrace-data, REST on 127.0.0.1:8083
  millrace worker worker.json shop.json            # and the connector of shop.json
  millrace connectors status
  millrace topics tail shop.public.orders --from-beginning --max 10`,
    );
  const called = args.find((arg) => !arg.startsWith('-'));
  const wanted = called === 'help' ? args[args.indexOf('help') + 1] : called;
  for (const { name, summary, load } of COMMANDS) {
    const command = program.command(name).summary(summary).description(summary);
    command.exitOverride().showHelpAfterError('(see --help)').showSuggestionAfterError();
    if (name === wanted) (await load())(command, io);
  }
  return program;
}

/** A terminal, unless it is dumb or the user wants none (https://no-color.org). */
function showsColours({ isTTY }: NodeJS.WriteStream): boolean {
  return isTTY && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb';
}

/** The terminal of this process. */
function processIo(): CliIo {
  const controller = new AbortController();
  let signals = 0;
  const stop = (name: NodeJS.Signals): void => {
    signals++;
    if (signals > 1) endProcess(EXIT.interrupted.code);
    controller.abort(new Error(`received ${name}`));
  };
  let listening = false;
  // A reader that has seen enough closes the pipe: that is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(EXIT.ok.code);
  });
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    colour: showsColours(process.stdout),
    errColour: showsColours(process.stderr),
    env: process.env,
    get signal() {
      if (!listening) process.on('SIGINT', stop).on('SIGTERM', stop);
      listening = true;
      return controller.signal;
    },
    stdin: () => process.stdin,
    confirm: async (question) => {
      if (!process.stdin.isTTY || !process.stderr.isTTY) return null;
      const { createInterface } = await import('node:readline/promises');
      const terminal = createInterface({ input: process.stdin, output: process.stderr });
      try {
        return /^y(?:es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
      } finally {
        terminal.close();
      }
    },
    exit: (code) => {
      process.exitCode = code;
    },
  };
}
