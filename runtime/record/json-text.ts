import type { ByteWriter } from './byte-writer.ts';

/*
 * JSON strings as Jackson writes them for Kafka Connect: `"` and `\` and control characters are
 * escaped, with upper-case hexadecimal digits; everything else is UTF-8, but characters outside the
 * BMP are two escapes (`\uD83D\uDE9A`).
 */
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const HEX = Buffer.from('0123456789ABCDEF');
/** 0: written as it is; 1: four-byte UTF-8; 117 ("u"): `\u00XX`; otherwise the letter after the backslash. */
const ESCAPES = makeEscapes();

/** The buffer last read from, and a view of it: cells of a block lie in one arena. */
let source: Uint8Array = new Uint8Array(0);
let sourceWords = new DataView(source.buffer);

/** Writes UTF-8 text `bytes[at, at + length)` as a JSON string with its quotes. Makes no object. */
export function writeJsonText(writer: ByteWriter, bytes: Uint8Array, at: number, length: number): void {
  if (bytes !== source) {
    source = bytes;
    sourceWords = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  writer.reserve(length + 8);
  const { bytes: target, words } = writer;
  let to = writer.length;
  target[to++] = QUOTE;
  const end = at + length;
  let from = at;
  for (const last = end - 4; from <= last; from += 4) {
    const word = sourceWords.getInt32(from, true);
    if (hasSpecial(word)) break;
    words.setInt32(to, word, true);
    to += 4;
  }
  for (; from < end; from++) {
    const byte = bytes[from] as number;
    if (ESCAPES[byte] !== 0) break;
    target[to++] = byte;
  }
  writer.length = to;
  if (from < end) writeEscaped(writer, bytes, from, end);
  writer.byte(QUOTE);
}

/**
 * Whether one of a word's four bytes may need care: below 0x20, above 0x7f, `"` or `\`. Per byte,
 * `(x - n) & ~x` has its top bit set where x < n, and x ^ c is 0 where x = c.
 */
function hasSpecial(word: number): boolean {
  const quote = word ^ 0x22222222;
  const backslash = word ^ 0x5c5c5c5c;
  const found =
    ((word - 0x20202020) & ~word) | ((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash) | word;
  return (found & 0x80808080) !== 0;
}

/** Copies runs without escapes at once. */
function writeEscaped(writer: ByteWriter, bytes: Uint8Array, at: number, end: number): void {
  let start = at;
  for (let i = at; i < end; i++) {
    const escape = ESCAPES[bytes[i] as number] as number;
    if (escape === 0) continue;
    if (i > start) writer.copy(bytes, start, i - start);
    if (escape !== 1) {
      writeEscape(writer, bytes[i] as number, escape);
      start = i + 1;
    } else if (i + 3 < end) {
      const low = ((bytes[i + 1] as number) & 0x3f) << 12;
      const point = (((bytes[i] as number) & 7) << 18) | low | sixBits(bytes, i + 2, 6) | sixBits(bytes, i + 3, 0);
      writeUnicode(writer, 0xd800 | ((point - 0x10000) >> 10));
      writeUnicode(writer, 0xdc00 | ((point - 0x10000) & 0x3ff));
      start = i + 4;
      i += 3;
    } else {
      // Not UTF-8: the source cut a character. A replacement character keeps the JSON valid.
      writer.copy(REPLACEMENT, 0, REPLACEMENT.length);
      start = end;
      break;
    }
  }
  if (end > start) writer.copy(bytes, start, end - start);
}

const REPLACEMENT = Buffer.from('\ufffd');

function sixBits(bytes: Uint8Array, at: number, shift: number): number {
  return ((bytes[at] as number) & 0x3f) << shift;
}

/** Characters whose worst case (six bytes each) is reserved at once. */
const CHUNK = 4096;

/** Writes a JavaScript string as a JSON string with its quotes. A lone surrogate stays an escape. */
export function writeJsonString(writer: ByteWriter, text: string): void {
  writer.byte(QUOTE);
  for (let at = 0; at < text.length; at += CHUNK) writeChunk(writer, text, at, Math.min(at + CHUNK, text.length));
  writer.byte(QUOTE);
}

function writeChunk(writer: ByteWriter, text: string, at: number, end: number): void {
  writer.reserve((end - at) * 6);
  const { bytes } = writer;
  let to = writer.length;
  for (let i = at; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) {
      const escape = ESCAPES[code] as number;
      if (escape === 0) {
        bytes[to++] = code;
      } else {
        writer.length = to;
        writeEscape(writer, code, escape);
        to = writer.length;
      }
    } else if (code < 0x800) {
      bytes[to++] = 0xc0 | (code >> 6);
      bytes[to++] = 0x80 | (code & 0x3f);
    } else if (code >= 0xd800 && code < 0xe000) {
      writer.length = to;
      writeUnicode(writer, code);
      to = writer.length;
    } else {
      bytes[to++] = 0xe0 | (code >> 12);
      bytes[to++] = 0x80 | ((code >> 6) & 0x3f);
      bytes[to++] = 0x80 | (code & 0x3f);
    }
  }
  writer.length = to;
}

function writeEscape(writer: ByteWriter, code: number, escape: number): void {
  if (escape === 0x75) {
    writeUnicode(writer, code);
    return;
  }
  writer.byte(BACKSLASH);
  writer.byte(escape);
}

/** `\uXXXX` */
function writeUnicode(writer: ByteWriter, unit: number): void {
  writer.reserve(6);
  const { bytes, length } = writer;
  bytes[length] = BACKSLASH;
  bytes[length + 1] = 0x75;
  bytes[length + 2] = HEX[unit >> 12] as number;
  bytes[length + 3] = HEX[(unit >> 8) & 15] as number;
  bytes[length + 4] = HEX[(unit >> 4) & 15] as number;
  bytes[length + 5] = HEX[unit & 15] as number;
  writer.length += 6;
}

function makeEscapes(): Uint8Array {
  const escapes = new Uint8Array(256);
  escapes.fill(0x75, 0, 0x20);
  escapes.fill(1, 0xf0);
  const letters = { '\b': 'b', '\t': 't', '\n': 'n', '\f': 'f', '\r': 'r', '"': '"', '\\': '\\' };
  for (const [char, letter] of Object.entries(letters)) escapes[char.charCodeAt(0)] = letter.charCodeAt(0);
  return escapes;
}
