import { MillraceError } from './error.ts';

export const QUOTE = 0x22;
const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const MINUS = 0x2d;
const BACKSLASH = 0x5c;
const ESCAPED: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  '"': '"',
  '\\': '\\',
  '/': '/',
};

/** Node's own decoders, without the checks that `toString` makes first. */
type Slices = Buffer & {
  latin1Slice(from: number, end: number): string;
  utf8Slice(from: number, end: number): string;
};

/** The tokens of JSON text (RFC 8259), one after the other. Throws `RECORD_JSON`, a `data` error. */
export class JsonScanner {
  at = 0;
  readonly bytes: Buffer;
  readonly #slices: Slices;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.#slices = bytes as Slices;
  }

  /** Skips white space; the byte there, NaN at the end. */
  peek(): number {
    const { bytes } = this;
    let byte = bytes[this.at];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++this.at];
    return byte ?? Number.NaN;
  }

  /** Steps over a word; returns it. */
  word(word: string): string {
    if (this.#slices.latin1Slice(this.at, this.at + word.length) !== word) throw this.malformed('not a value');
    this.at += word.length;
    return word;
  }

  expect(byte: number): void {
    if (this.peek() !== byte) throw this.malformed(`${String.fromCharCode(byte)} is missing`);
    this.at++;
  }

  /** Steps over a comma (true) or the end of the object or array (false). */
  more(close: number): boolean {
    const next = this.peek();
    if (next !== COMMA && next !== close) throw this.malformed('a comma or the end is missing');
    this.at++;
    return next === COMMA;
  }

  /**
   * The integer that starts here, if it has no point or exponent and at most 15 digits; otherwise
   * NaN, and nothing is read.
   */
  smallInteger(): number {
    const { bytes } = this;
    let at = this.at;
    const negative = bytes[at] === MINUS;
    if (negative) at++;
    const first = at;
    let value = 0;
    let byte = bytes[at] ?? 0;
    while (byte >= 0x30 && byte <= 0x39) {
      value = value * 10 + (byte - 0x30);
      byte = bytes[++at] ?? 0;
    }
    const digits = at - first;
    const plain = digits === 1 || (digits > 1 && digits <= 15 && bytes[first] !== 0x30);
    if (!plain || byte === 0x2e || (byte | 0x20) === 0x65) return Number.NaN;
    this.at = at;
    return negative && value !== 0 ? -value : value;
  }

  /** Steps over `expected`, the bytes of a name with quotes and colon, if they stand here. */
  takes(expected: Buffer): boolean {
    const { bytes, at } = this;
    const size = expected.length;
    for (let i = 0; i < size; i++) if (bytes[at + i] !== expected[i]) return false;
    this.at = at + size;
    return true;
  }

  /** The text of a number. */
  number(): string {
    this.peek();
    const { bytes } = this;
    const from = this.at;
    let at = bytes[from] === MINUS ? from + 1 : from;
    const whole = at;
    at = this.#digits(at, 'not a value');
    if (bytes[whole] === 0x30 && at > whole + 1) throw this.malformed('a number that starts with 0');
    if (bytes[at] === 0x2e) at = this.#digits(at + 1, 'digits are missing after the point');
    if (((bytes[at] ?? 0) | 0x20) === 0x65) {
      at++;
      if (bytes[at] === 0x2b || bytes[at] === MINUS) at++;
      at = this.#digits(at, 'digits are missing in the exponent');
    }
    this.at = at;
    return this.#slices.latin1Slice(from, at);
  }

  #digits(at: number, problem: string): number {
    let end = at;
    while (isDigit(this.bytes[end] ?? 0)) end++;
    if (end === at) throw this.malformed(problem);
    return end;
  }

  /** The string that starts here, decoded. */
  string(): string {
    const { bytes } = this;
    const from = ++this.at;
    let at = from;
    let all = 0;
    for (; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) {
        this.at = at + 1;
        return all < 0x80 ? this.#slices.latin1Slice(from, at) : this.#slices.utf8Slice(from, at);
      }
      if (byte === BACKSLASH) return this.#escaped(from, at);
      if (byte < 0x20) break;
      all |= byte;
    }
    throw this.malformed('a string without its end');
  }

  /** The rest of a string whose first escape is at `at`. */
  #escaped(from: number, at: number): string {
    const { bytes } = this;
    let text = '';
    for (;;) {
      const byte = bytes[at];
      if (byte === undefined || byte < 0x20) throw this.malformed('a string without its end');
      if (byte === QUOTE) {
        this.at = at + 1;
        return text + this.#slices.utf8Slice(from, at);
      }
      if (byte !== BACKSLASH) {
        at++;
        continue;
      }
      text += this.#slices.utf8Slice(from, at);
      const letter = String.fromCharCode(bytes[at + 1] ?? 0);
      if (letter === 'u') {
        const hex = this.#slices.latin1Slice(at + 2, at + 6);
        if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw this.malformed('not an escape');
        text += String.fromCharCode(Number.parseInt(hex, 16));
        at += 6;
      } else {
        const char = ESCAPED[letter];
        if (char === undefined) throw this.malformed('not an escape');
        text += char;
        at += 2;
      }
      from = at;
    }
  }

  malformed(problem: string): MillraceError {
    return new MillraceError('RECORD_JSON', `not JSON at byte ${this.at}: ${problem}`, { kind: 'data' });
  }
}

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
