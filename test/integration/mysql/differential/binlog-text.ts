import { cellsOf, jsonText, shortTime, type Cells, type Change } from './change.ts';
import type { Family } from '../../../../connectors/mysql/row/source-block.ts';
import type { RandomColumn } from './random-rows.ts';

const OPS = { INSERT: 'c', UPDATE: 'u', DELETE: 'd' } as const;

/**
 * What `mariadb-binlog` or `mysqlbinlog` prints of `app.t` with `--base64-output=DECODE-ROWS -vv`. The text is
 * taken byte by byte (latin1): a string stands in its column's own character set.
 */
export function printedChanges(text: string, columns: readonly RandomColumn[], family: Family): Change[] {
  const changes: Change[] = [];
  let cells: Record<string, string | null> = {};
  let change: { op: Change['op']; before: Cells | null; after: Cells | null } | undefined;
  for (const line of text.split('\n')) {
    const head = /^### (INSERT INTO|UPDATE|DELETE FROM) `app`\.`(\w+)`$/.exec(line);
    if (head !== null) {
      const op = OPS[(head[1] ?? '').split(' ')[0] as keyof typeof OPS];
      change = head[2] === 't' ? { op, before: null, after: null } : undefined;
      if (change !== undefined) changes.push(change);
    } else if (line === '### WHERE' && change !== undefined) change.before = cells = {};
    else if (line === '### SET' && change !== undefined) change.after = cells = {};
    else if (line.startsWith('###   @') && change !== undefined) {
      const [, place = '', shown = ''] = /^###   @(\d+)=(.*?) \/\* [A-Z].*\*\/$/s.exec(line) ?? [];
      // The first column is the id.
      const column = columns[Number(place) - 2];
      if (column !== undefined) cells[column.name] = shown === 'NULL' ? null : cell(column, shown, family);
    }
  }
  return changes;
}

/** As much as the print of it shows: six digits of a float, no zero bytes at the end of binary(n). */
export function asPrinted(changes: readonly Change[], columns: readonly RandomColumn[]): Change[] {
  const printed = (row: Cells | null): Cells | null =>
    row &&
    cellsOf(columns, ({ name, kind }) => {
      const text = row[name] ?? null;
      return text !== null && kind === 'float' ? String(Number(Number(text).toPrecision(6))) : text;
    });
  return changes.map(({ op, before, after }) => ({ op, before: printed(before), after: printed(after) }));
}

function cell(column: RandomColumn, shown: string, family: Family): string {
  const { kind, unsigned, labels = [], width = 0 } = column;
  switch (kind) {
    case 'integer':
      // A number that may be negative is shown in both ways.
      return unsigned === undefined ? (shown.split(' ')[0] ?? '') : (/\((\d+)\)$/.exec(shown)?.[1] ?? shown);
    case 'float':
    case 'double':
      return String(Number(shown));
    case 'bit':
      return BigInt(`0b${shown.slice(2, -1)}`).toString(2);
    case 'label':
      return labels[Number(shown) - 1] ?? '';
    case 'labels': {
      const mask = BigInt(`0b${shown.slice(2, -1)}`);
      return labels.filter((_, i) => (mask >> BigInt(i)) & 1n).join(',');
    }
    case 'temporal':
      return shortTime(shown.replaceAll("'", '').replace(/^(\d{4}):(\d\d):(\d\d)$/, '$1-$2-$3'));
    case 'timestamp': {
      const [seconds = '', fraction = ''] = shown.split('.');
      const text = new Date(Number(seconds) * 1000).toISOString();
      return shortTime(`${text.slice(0, 10)} ${text.slice(11, 19)}.${fraction}`);
    }
    case 'bytes':
      return bytesOf(shown, family)
        .toString('hex')
        .padEnd(width * 2, '0');
    case 'json':
      return printedJson(bytesOf(shown, family).toString('utf8'));
    case 'point': {
      const bytes = bytesOf(shown, family);
      return `${bytes.readDoubleLE(9)} ${bytes.readDoubleLE(17)}`;
    }
    case 'text':
      return new TextDecoder(column.charset ?? 'utf-8').decode(bytesOf(shown, family));
    default:
      return shown;
  }
}

/** A document that is a text is printed without its quotes. */
function printedJson(text: string): string {
  try {
    return jsonText(text);
  } catch {
    return JSON.stringify(text);
  }
}

const NAMED: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', a: '\u0007' };

/** `'…'`. MariaDB escapes only bytes below the space, as `\xNN`; MySQL the quote and the backslash too, and names some. */
function bytesOf(shown: string, family: Family): Buffer {
  const code = (text: string): string => String.fromCodePoint(Number.parseInt(text, 16));
  const quoted = shown.slice(1, -1);
  const text =
    family === 'mariadb'
      ? quoted.replaceAll(/\\x([01][0-9a-f])/g, (_all, hex: string) => code(hex))
      : quoted.replaceAll(/\\(?:x([0-9a-f]{2})|(.))/gs, (_all, hex: string | undefined, other: string) =>
          hex === undefined ? (NAMED[other] ?? other) : code(hex),
        );
  return Buffer.from(text, 'latin1');
}
