import { corrupt } from './corrupt.ts';

/** Bytes that `value`, a signed 32-bit integer, takes as a zig-zag varint. */
export function varintSize(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  if (zigzag < 0x80) return 1;
  if (zigzag < 0x4000) return 2;
  if (zigzag < 0x200000) return 3;
  return zigzag < 0x10000000 ? 4 : 5;
}

/** Writes a signed 32-bit integer; returns the index after it. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  while (rest >= 0x80) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

/** Bytes of an integer within ±2^52 as a zig-zag varlong. */
export function varlongSize(value: number): number {
  if (value === value >> 0) return varintSize(value);
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  let size = 1;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

/** Writes an integer within ±2^52; returns the index after it. */
export function writeVarlong(bytes: Uint8Array, at: number, value: number): number {
  if (value === value >> 0) return writeVarint(bytes, at, value);
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  while (rest >= 0x80) {
    bytes[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[at++] = rest;
  return at;
}

/**
 * Reads zig-zag integers one after the other. Accepts encodings longer than needed, as Kafka does.
 * Throws `BATCH_MALFORMED` at the end of the bytes and beyond 5 (10) groups.
 */
export class VarintReader {
  at: number;
  end: number;
  bytes: Uint8Array;

  constructor(bytes: Uint8Array, at = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  varint(): number {
    const { bytes, end } = this;
    let at = this.at;
    let raw = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (at >= end) break;
      const byte = bytes[at++] as number;
      raw |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.at = at;
        return (raw >>> 1) ^ -(raw & 1);
      }
    }
    throw corrupt('BATCH_MALFORMED', `record batch: no valid varint at byte ${this.at}`);
  }

  /** Exact within ±2^53; beyond it the nearest number. */
  varlong(): number {
    const start = this.at;
    const { bytes, end } = this;
    let at = start;
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      if (at >= end) break;
      const byte = bytes[at++] as number;
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.at = at;
        return (low >>> 1) ^ -(low & 1);
      }
    }
    return this.#wideVarlong();
  }

  #wideVarlong(): number {
    let raw = 0n;
    let at = this.at;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (at >= this.end) break;
      const byte = this.bytes[at++] as number;
      raw |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.at = at;
        raw = BigInt.asUintN(64, raw);
        return Number(BigInt.asIntN(64, (raw >> 1n) ^ -(raw & 1n)));
      }
    }
    throw corrupt('BATCH_MALFORMED', `record batch: no valid varlong at byte ${this.at}`);
  }
}
