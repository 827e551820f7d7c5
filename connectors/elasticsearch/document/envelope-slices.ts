/** Where parts of a change event stand in its JSON. */
export interface EnvelopeSlices {
  /** `op`, as JSON: with its quotes. */
  readonly op: Uint8Array;
  /** The row after the change, as JSON. */
  readonly after: Uint8Array;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * Finds `op` and `after` in an envelope without decoding it; null where it is not plainly one, which is
 * then for the decoder to judge. What stands inside the values is looked at by nobody but the server.
 */
export function envelopeSlices(json: Uint8Array): EnvelopeSlices | null {
  let op: Uint8Array | null = null;
  let after: Uint8Array | null = null;
  let at = blank(json, 0);
  if (json[at++] !== OPEN_BRACE) return null;
  for (;;) {
    at = blank(json, at);
    if (json[at] !== QUOTE) return null;
    const nameAt = at + 1;
    const nameEnd = endOfString(json, at) - 1;
    at = blank(json, nameEnd + 1);
    if (json[at++] !== COLON) return null;
    at = blank(json, at);
    const valueAt = at;
    at = endOfValue(json, at);
    if (at <= valueAt) return null;
    if (isName(json, nameAt, nameEnd, 'op')) op = json.subarray(valueAt, at);
    else if (isName(json, nameAt, nameEnd, 'after')) after = json.subarray(valueAt, at);
    at = blank(json, at);
    const next = json[at++];
    if (next === CLOSE_BRACE) break;
    if (next !== COMMA) return null;
  }
  if (blank(json, at) !== json.length || op === null || after === null) return null;
  return after[0] === OPEN_BRACE ? { op, after } : null;
}

function isName(json: Uint8Array, from: number, to: number, name: string): boolean {
  if (to - from !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (json[from + i] !== name.charCodeAt(i)) return false;
  return true;
}

/** Past white space. */
function blank(json: Uint8Array, from: number): number {
  let at = from;
  while (json[at] === 0x20 || json[at] === 0x09 || json[at] === 0x0d || json[at] === 0x0a) at++;
  return at;
}

/** Past the string that begins here; beyond the end where it is not closed. */
function endOfString(json: Uint8Array, from: number): number {
  let at = from + 1;
  while (at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

/** Past the value that begins here; not beyond where it begins: there is none, or it is not closed. */
function endOfValue(json: Uint8Array, from: number): number {
  const first = json[from];
  let at = from;
  if (first === QUOTE) at = endOfString(json, from);
  else if (first === OPEN_BRACE || first === OPEN_BRACKET) at = endOfNested(json, from);
  else while (at < json.length && !isEnd(json[at])) at++;
  return at > json.length ? from : at;
}

function endOfNested(json: Uint8Array, from: number): number {
  let depth = 0;
  for (let at = from; at < json.length;) {
    const byte = json[at];
    if (byte === QUOTE) {
      at = endOfString(json, at);
      continue;
    }
    at++;
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return at;
  }
  return from;
}

function isEnd(byte: number | undefined): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
