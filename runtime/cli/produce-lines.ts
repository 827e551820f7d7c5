import { exactJson } from '../app/readable.ts';
import { json } from './cli-io.ts';
import { usage } from './flags.ts';

export interface LineOptions {
  /** Each line is a value's text. */
  readonly text?: boolean;
  readonly keySeparator?: string;
  /** What a record has that does not say otherwise. */
  readonly partition?: number;
  readonly timestamp?: number | string;
  readonly headers?: readonly object[];
}

/** A record of the input, and which line it is, from 1. */
export interface Line {
  readonly number: number;
  readonly record: object;
}

/** Most of one request. */
const MOST_RECORDS = 500;
const MOST_BYTES = 256 * 1024;

/**
 * The records of the input in groups of one request each: what came at once is sent at once, so lines that
 * are typed or written slowly do not wait for others. Empty lines are left out. Throws a usage error that
 * names the line.
 */
export async function* linesOf(
  input: AsyncIterable<Uint8Array>,
  options: LineOptions,
): AsyncGenerator<readonly Line[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  let number = 0;
  for await (const chunk of input) {
    const lines = (rest + decoded(decoder, chunk, number)).split('\n');
    rest = lines.pop() ?? '';
    yield* groups(
      lines.map((line) => ({ line, number: ++number })),
      options,
    );
  }
  yield* groups([{ line: rest + decoded(decoder, undefined, number), number: number + 1 }], options);
}

function decoded(decoder: InstanceType<typeof TextDecoder>, chunk: Uint8Array | undefined, after: number): string {
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined });
  } catch {
    throw usage(`the input is not UTF-8, after line ${after}: give bytes as valueBase64`, '--file');
  }
}

function* groups(
  lines: readonly { readonly line: string; readonly number: number }[],
  options: LineOptions,
): Generator<readonly Line[]> {
  let group: Line[] = [];
  let bytes = 0;
  for (const { line, number } of lines) {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (text === '') continue;
    group.push({
      number,
      record: options.text === true ? textRecord(text, number, options) : jsonRecord(text, number, options),
    });
    bytes += text.length;
    if (group.length < MOST_RECORDS && bytes < MOST_BYTES) continue;
    yield group;
    group = [];
    bytes = 0;
  }
  if (group.length > 0) yield group;
}

function textRecord(text: string, number: number, options: LineOptions): object {
  const { keySeparator } = options;
  if (keySeparator === undefined) return { valueText: text, ...common(options) };
  const at = text.indexOf(keySeparator);
  if (at < 0) throw usage(`line ${number} has no ${json(keySeparator)}`, '--key-separator');
  return { keyText: text.slice(0, at), valueText: text.slice(at + keySeparator.length), ...common(options) };
}

function jsonRecord(text: string, number: number, options: LineOptions): object {
  let record: unknown;
  try {
    record = exactJson(text);
  } catch {
    throw usage(`line ${number} is not JSON: ${text.slice(0, 80)}`, '--text');
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    throw usage(`line ${number} is no JSON object of a record; with --text each line is a value`, '--text');
  }
  return { ...common(options), ...record };
}

function common({ partition, timestamp, headers }: LineOptions): object {
  return {
    ...(partition === undefined ? {} : { partition }),
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(headers === undefined ? {} : { headers }),
  };
}
