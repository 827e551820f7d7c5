import { MillraceError } from '../record/error.ts';

/** What a command has of the terminal. */
export interface CliIo {
  /** A line to standard output. */
  out(line: string): void;
  /** A line to standard error. */
  err(line: string): void;
  /** Whether standard output is a terminal that shows colours. */
  readonly colour: boolean;
  /** Whether standard error is one. */
  readonly errColour: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts at the first SIGINT or SIGTERM; the second ends the process. */
  readonly signal: AbortSignal;
  /** Asks for a yes on the terminal; null, or absent: there is none to ask on. */
  confirm?(question: string): Promise<boolean | null>;
  /** Standard input; absent: there is none. */
  stdin?(): AsyncIterable<Uint8Array>;
  /** Sets the process's exit status. */
  exit(code: number): void;
}

type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';
const CODES: Readonly<Record<Colour, number>> = { red: 31, green: 32, yellow: 33, cyan: 36, dim: 2, bold: 1 };

/** Text in colour, where the terminal shows colours. */
export function paint(io: Pick<CliIo, 'colour'>, colour: Colour, text: string): string {
  return io.colour ? `\u001B[${CODES[colour]}m${text}\u001B[0m` : text;
}

/** A value as one line of JSON, big integers as numbers' text. */
export function json(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item));
}

/** Rows under their heads, in columns. */
export function table(io: CliIo, heads: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ');
  io.out(paint(io, 'bold', line(heads)));
  for (const row of rows) io.out(line(row));
}

/** What went wrong, where, and what to do; never a stack trace for an error we know. */
export function printError(io: CliIo, error: unknown): void {
  const label = paint({ colour: io.errColour }, 'red', 'error:');
  if (!(error instanceof MillraceError)) {
    io.err(`${label} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return;
  }
  io.err(`${label} ${error.message}`);
  if (error.key !== undefined) io.err(`  key:    ${error.key}`);
  if (error.remedy !== undefined) io.err(`  remedy: ${error.remedy}`);
  io.err(`  code:   ${error.code}`);
}
