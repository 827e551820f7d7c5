/**
 * Dates by a pattern of Java's `SimpleDateFormat`, in UTC and with English names, lenient as Java's:
 * numbers beyond their range roll over, text after the match is ignored.
 *
 * | letter | | letter | |
 * | --- | --- | --- | --- |
 * | G | AD, BC | H k K h | hour 0–23, 1–24, 0–11, 1–12 |
 * | y Y | year, week year | m s S | minute, second, millisecond |
 * | M L | month | a | AM, PM |
 * | d D F | day of month, of year, weekday in month | E u | weekday, its number from Monday |
 * | w W | week of year, of month | z Z X | zone |
 *
 * Weeks are those of the United States. Differs from Java: years before 1582 are Gregorian too, a year
 * of two digits is one of 1970 to 2069, and of zones only UTC, GMT and offsets are read.
 */
export class SimpleDateFormat {
  readonly #parts: readonly Part[];

  /** Throws `RangeError` where the pattern has a letter that stands for nothing, or an open quote. */
  constructor(pattern: string) {
    this.#parts = compile(pattern);
  }

  format(ms: number): string {
    const date = new Date(ms);
    if (Number.isNaN(date.getTime())) throw new RangeError(`no date: ${ms}`);
    let text = '';
    for (const part of this.#parts) text += part.letter === '' ? part.text : formatPart(part, date);
    return text;
  }

  /** Milliseconds; null: the text does not match. */
  parse(text: string): number | null {
    const fields: Fields = {};
    let at = 0;
    for (const [i, part] of this.#parts.entries()) {
      if (part.letter === '') {
        if (!text.startsWith(part.text, at)) return null;
        at += part.text.length;
        continue;
      }
      const end = parsePart(part, isAbutting(this.#parts, i), text, at, fields);
      if (end < 0) return null;
      at = end;
    }
    return instantOf(fields);
  }
}

interface Part {
  /** Empty: literal text. */
  readonly letter: string;
  readonly count: number;
  readonly text: string;
}

/** Calendar fields that a text gave. */
interface Fields {
  era?: number;
  year?: number;
  month?: number;
  day?: number;
  dayOfYear?: number;
  hour?: number;
  hour12?: number;
  pm?: boolean;
  minute?: number;
  second?: number;
  ms?: number;
  zoneMs?: number;
}

const LETTERS = 'GyYMLdDFHkKhmsSaEuwWzZX';
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const DAY_MS = 86_400_000;

function compile(pattern: string): readonly Part[] {
  const parts: Part[] = [];
  let literal = '';
  const flush = (): void => {
    if (literal !== '') parts.push({ letter: '', count: 0, text: literal });
    literal = '';
  };
  let at = 0;
  while (at < pattern.length) {
    const char = pattern[at] ?? '';
    if (char === "'") {
      const quote = quoted(pattern, at);
      literal += quote.text;
      at = quote.next;
    } else if (/[A-Za-z]/.test(char)) {
      if (!LETTERS.includes(char)) throw new RangeError(`Illegal pattern character '${char}'`);
      flush();
      let end = at;
      while (pattern[end] === char) end++;
      if (char === 'X' && end - at > 3) throw new RangeError(`invalid ISO 8601 format: length=${end - at}`);
      parts.push({ letter: char, count: end - at, text: '' });
      at = end;
    } else {
      literal += char;
      at++;
    }
  }
  flush();
  return parts;
}

function quoted(pattern: string, start: number): { readonly text: string; readonly next: number } {
  if (pattern[start + 1] === "'") return { text: "'", next: start + 2 };
  let text = '';
  for (let at = start + 1; at < pattern.length; at++) {
    if (pattern[at] !== "'") text += pattern[at];
    else if (pattern[at + 1] === "'") {
      text += "'";
      at++;
    } else return { text, next: at + 1 };
  }
  throw new RangeError('Unterminated quote');
}

function padded(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function formatPart({ letter, count }: Part, date: Date): string {
  const number = numberOf(letter, date);
  if (letter === 'y' || letter === 'Y') return count === 2 ? padded(number % 100, 2) : padded(number, count);
  if ((letter === 'M' || letter === 'L') && count >= 3) {
    const name = MONTHS[date.getUTCMonth()] ?? '';
    return count === 3 ? name.slice(0, 3) : name;
  }
  switch (letter) {
    case 'G':
      return date.getUTCFullYear() > 0 ? 'AD' : 'BC';
    case 'E': {
      const name = DAYS[date.getUTCDay()] ?? '';
      return count >= 4 ? name : name.slice(0, 3);
    }
    case 'a':
      return date.getUTCHours() < 12 ? 'AM' : 'PM';
    case 'z':
      return count >= 4 ? 'Coordinated Universal Time' : 'UTC';
    case 'Z':
      return '+0000';
    case 'X':
      return 'Z';
    default:
      return padded(number, count);
  }
}

function numberOf(letter: string, date: Date): number {
  const year = date.getUTCFullYear();
  const hour = date.getUTCHours();
  switch (letter) {
    case 'y':
      return year > 0 ? year : 1 - year;
    case 'Y':
      return weekYear(date);
    case 'M':
    case 'L':
      return date.getUTCMonth() + 1;
    case 'd':
      return date.getUTCDate();
    case 'D':
      return dayOfYear(date);
    case 'F':
      return Math.ceil(date.getUTCDate() / 7);
    case 'H':
      return hour;
    case 'k':
      return hour === 0 ? 24 : hour;
    case 'K':
      return hour % 12;
    case 'h':
      return hour % 12 === 0 ? 12 : hour % 12;
    case 'm':
      return date.getUTCMinutes();
    case 's':
      return date.getUTCSeconds();
    case 'S':
      return date.getUTCMilliseconds();
    case 'u':
      return date.getUTCDay() === 0 ? 7 : date.getUTCDay();
    case 'w':
      return weekOfYear(date);
    case 'W':
      return weekOfMonth(date);
    default:
      return 0;
  }
}

function dayOfYear(date: Date): number {
  return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS) + 1;
}

/** Weeks begin on Sunday; the first is the one that has January 1st. */
function weekYear(date: Date): number {
  const saturday = new Date(date.getTime() + (6 - date.getUTCDay()) * DAY_MS);
  return saturday.getUTCFullYear();
}

function weekOfMonth(date: Date): number {
  const first = (date.getUTCDay() - (date.getUTCDate() - 1) + 35) % 7;
  return Math.floor((date.getUTCDate() - 1 + first) / 7) + 1;
}

function weekOfYear(date: Date): number {
  const saturday = new Date(date.getTime() + (6 - date.getUTCDay()) * DAY_MS);
  return Math.floor((dayOfYear(saturday) - 1) / 7) + 1;
}

/** Whether a number follows at once: then each is exactly as wide as its letters. */
function isAbutting(parts: readonly Part[], at: number): boolean {
  const next = parts[at + 1];
  return next !== undefined && isNumeric(next) && isNumeric(parts[at] as Part);
}

function isNumeric({ letter, count }: Part): boolean {
  return letter === 'M' || letter === 'L' ? count <= 2 : letter !== '' && 'yYdDFHkKhmsSuwW'.includes(letter);
}

/** Where the part ends; below 0: it does not match. */
function parsePart(part: Part, abutting: boolean, text: string, start: number, fields: Fields): number {
  let at = start;
  while (text[at] === ' ' || text[at] === '\t') at++;
  if (isNumeric(part)) {
    const digits = (abutting ? /^\d+/.exec(text.slice(at, at + part.count)) : /^-?\d+/.exec(text.slice(at)))?.[0];
    if (digits === undefined || (abutting && digits.length < part.count)) return -1;
    setNumber(part, Number(digits), digits.length, fields);
    return at + digits.length;
  }
  const rest = text.slice(at);
  switch (part.letter) {
    case 'M':
    case 'L':
      return at + named(rest, MONTHS, (i) => void (fields.month = i));
    case 'E':
      return at + named(rest, DAYS, () => undefined);
    case 'G':
      return at + named(rest, ['BC', 'AD'], (i) => void (fields.era = i));
    case 'a':
      return at + named(rest, ['AM', 'PM'], (i) => void (fields.pm = i === 1));
    default:
      return at + zone(rest, fields);
  }
}

const NO_MATCH = Number.NEGATIVE_INFINITY;

/** Length of the name that the text begins with, long or short, in any case. */
function named(text: string, names: readonly string[], found: (index: number) => void): number {
  const lower = text.toLowerCase();
  for (const cut of [Infinity, 3]) {
    for (const [i, name] of names.entries()) {
      const wanted = name.slice(0, cut === Infinity ? undefined : cut).toLowerCase();
      if (!lower.startsWith(wanted)) continue;
      found(i);
      return wanted.length;
    }
  }
  return NO_MATCH;
}

function zone(text: string, fields: Fields): number {
  const match = /^(?:Z(?![a-z])|(?:UTC|GMT)?(?:([+-])(\d{1,2}):?(\d{2})?)?)/i.exec(text);
  if (match === null || match[0] === '') return NO_MATCH;
  const [whole, sign, hours = '0', minutes = '0'] = match;
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000;
  fields.zoneMs = sign === '-' ? -offset : offset;
  return whole.length;
}

function setNumber({ letter, count }: Part, value: number, digits: number, fields: Fields): void {
  switch (letter) {
    case 'y':
    case 'Y':
      fields.year = count <= 2 && digits === 2 && value >= 0 ? (value < 70 ? 2000 + value : 1900 + value) : value;
      return;
    case 'M':
    case 'L':
      fields.month = value - 1;
      return;
    case 'd':
      fields.day = value;
      return;
    case 'D':
      fields.dayOfYear = value;
      return;
    case 'H':
      fields.hour = value;
      return;
    case 'k':
      fields.hour = value === 24 ? 0 : value;
      return;
    case 'K':
      fields.hour12 = value;
      return;
    case 'h':
      fields.hour12 = value === 12 ? 0 : value;
      return;
    case 'm':
      fields.minute = value;
      return;
    case 's':
      fields.second = value;
      return;
    case 'S':
      fields.ms = value;
      return;
    default:
  }
}

function instantOf(fields: Fields): number | null {
  const { era = 1, year = 1970, month = 0, day = 1, dayOfYear: ofYear, minute = 0, second = 0, ms = 0 } = fields;
  const date = new Date(0);
  const onlyOfYear = ofYear !== undefined && fields.month === undefined && fields.day === undefined;
  date.setUTCFullYear(era === 0 ? 1 - year : year, onlyOfYear ? 0 : month, onlyOfYear ? ofYear : day);
  const hour = fields.hour ?? (fields.hour12 ?? 0) + (fields.pm === true ? 12 : 0);
  const time = ((hour * 60 + minute) * 60 + second) * 1000 + ms;
  const instant = date.getTime() + time - (fields.zoneMs ?? 0);
  return Number.isNaN(instant) ? null : instant;
}
