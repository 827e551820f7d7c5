/** Formats a local time, given as milliseconds since 1970-01-01T00:00 on the local clock. */
type TimePattern = (localMs: number) => string;

type Piece = string | ((at: Date) => string);

const DAY_MS = 86_400_000;

/** Joda-Time's numeric letters. Two-letter years are cut to two digits; other widths only pad. */
const LETTERS: Readonly<Record<string, (at: Date) => number>> = {
  y: (at) => at.getUTCFullYear(),
  Y: (at) => at.getUTCFullYear(),
  x: (at) => isoWeek(at).year,
  M: (at) => at.getUTCMonth() + 1,
  d: (at) => at.getUTCDate(),
  D: (at) => Math.floor((at.getTime() - Date.UTC(at.getUTCFullYear(), 0, 1)) / DAY_MS) + 1,
  w: (at) => isoWeek(at).week,
  e: (at) => at.getUTCDay() || 7,
  H: (at) => at.getUTCHours(),
  k: (at) => at.getUTCHours() || 24,
  h: (at) => at.getUTCHours() % 12 || 12,
  K: (at) => at.getUTCHours() % 12,
  m: (at) => at.getUTCMinutes(),
  s: (at) => at.getUTCSeconds(),
};

/**
 * Compiles a Joda-Time pattern (`org.joda.time.format.DateTimeFormat`) of numeric letters and quoted
 * literals. Throws a RangeError that names the letter which is not supported.
 */
export function compileTimePattern(pattern: string): TimePattern {
  const pieces: Piece[] = [];
  const token = /'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'/g;
  for (const match of pattern.matchAll(token)) {
    const [text, quoted, letter] = match;
    if (text === "'") throw new RangeError('a quote is not closed');
    if (quoted !== undefined) pieces.push(text === "''" ? "'" : quoted.replaceAll("''", "'"));
    else if (letter === undefined) pieces.push(text);
    else pieces.push(numeric(letter, text.length));
  }
  if (pieces.length === 0) throw new RangeError('the pattern is empty');
  return (localMs) => {
    const at = new Date(localMs);
    return pieces.map((piece) => (typeof piece === 'string' ? piece : piece(at))).join('');
  };
}

function numeric(letter: string, width: number): (at: Date) => string {
  if (letter === 'S')
    return (at) => String(at.getUTCMilliseconds()).padStart(3, '0').padEnd(width, '0').slice(0, width);
  const field = LETTERS[letter];
  if (field === undefined) throw new RangeError(`the letter ${letter} is not supported`);
  if (width > 2 && 'MeE'.includes(letter))
    throw new RangeError(`${letter.repeat(width)} would be a word; use ${letter}${letter}`);
  const year = 'yYx'.includes(letter);
  return (at) => {
    const value = field(at);
    const shown = year && width === 2 ? Math.abs(value) % 100 : value;
    return `${shown < 0 ? '-' : ''}${String(Math.abs(shown)).padStart(width, '0')}`;
  };
}

/** ISO 8601 week and its year: a week belongs to the year of its Thursday. */
function isoWeek(at: Date): { readonly year: number; readonly week: number } {
  const day = Math.floor(at.getTime() / DAY_MS);
  const thursday = new Date((day - ((at.getUTCDay() + 6) % 7) + 3) * DAY_MS);
  const year = thursday.getUTCFullYear();
  return { year, week: Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * DAY_MS)) + 1 };
}
