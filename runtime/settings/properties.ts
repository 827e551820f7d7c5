import { MillraceError } from '../record/error.ts';

/**
 * Reads Java's `.properties` text: `#` and `!` comments, `=`, `:` or white space as separator, lines
 * continued by a backslash, the escapes \t \n \r \f \\uXXXX. Later lines win, as in Java.
 * (java.util.Properties#load)
 */
export function parseProperties(text: string): Record<string, string> {
  const read: Record<string, string> = {};
  for (const line of logicalLines(text)) {
    const { key, rest } = splitKey(line);
    Object.defineProperty(read, unescape(key), {
      value: unescape(rest),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return read;
}

/** Lines with continuations joined; comments and blank lines left out. */
function* logicalLines(text: string): Generator<string> {
  let pending: string | null = null;
  for (const natural of text.split(/\r\n|\n|\r/)) {
    const line = natural.replace(/^[ \t\f]+/, '');
    if (pending === null && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue;
    const joined: string = (pending ?? '') + line;
    pending = continues(line) ? joined.slice(0, -1) : null;
    if (pending === null) yield joined;
  }
  if (pending !== null) yield pending;
}

/** An odd number of backslashes at the end. */
function continues(line: string): boolean {
  return (/\\*$/.exec(line)?.[0].length ?? 0) % 2 === 1;
}

function splitKey(line: string): { key: string; rest: string } {
  const match = /^((?:\\.|[^\\=: \t\f])*)(?:[ \t\f]*[=:]|[ \t\f])?[ \t\f]*/s.exec(line);
  const [whole = '', key = ''] = match ?? [];
  return { key, rest: line.slice(whole.length) };
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

function unescape(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{0,4})|(.))/gs, (whole, hex: string | undefined, one: string | undefined) => {
    if (one !== undefined) return ESCAPES[one] ?? one;
    if (hex?.length === 4) return String.fromCharCode(Number.parseInt(hex, 16));
    throw new MillraceError('SETTINGS_PROPERTIES_MALFORMED', `malformed escape ${whole}: \\u needs four hex digits`, {
      kind: 'config',
      remedy: 'Write \\\\ for a backslash.',
    });
  });
}
