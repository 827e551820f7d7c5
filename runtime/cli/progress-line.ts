import { paint, type CliIo } from './cli-io.ts';

const nothing = (): void => undefined;

/** What is being done: one line that changes on a terminal, a line each elsewhere. */
export function progressLine(io: CliIo): { show(text: string): void; end(): void } {
  if (!process.stderr.isTTY) return { show: (text) => io.err(paint(io, 'dim', text)), end: nothing };
  const erase = '\r\u001B[2K';
  return {
    show: (text) => void process.stderr.write(erase + paint(io, 'dim', text.slice(0, process.stderr.columns - 1))),
    end: () => void process.stderr.write(erase),
  };
}
