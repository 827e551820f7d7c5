import { Decimal } from '../../record/decimal.ts';
import { CONNECT_DATE, CONNECT_TIME, CONNECT_TIMESTAMP } from '../../record/logical-types.ts';
import type { Schema } from '../../record/schema.ts';
import type { Value } from '../../record/value.ts';
import { javaClass } from '../java-class.ts';
import { rejected } from '../transform-error.ts';

const DAY_MS = 86_400_000;

/** Java's `hashCode()` of the value as Connect has it: 32 bits, signed. */
export function javaHash(schema: Schema | null, value: Value): number {
  switch (typeof value) {
    case 'boolean':
      return value ? 1231 : 1237;
    case 'string':
      return textHash(value);
    case 'bigint':
      return longHash(value);
    case 'number':
      return numberHash(schema, value);
    default:
      if (value instanceof Decimal) return (Math.imul(31, bigIntegerHash(value.unscaled)) + value.scale) | 0;
      if (value instanceof Uint8Array) return bytesHash(value);
      if (Array.isArray(value)) return listHash(schema, value as readonly Value[]);
      throw rejected('TYPE', `A value of class ${javaClass(schema, value)} cannot tell a partition`);
  }
}

function textHash(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0;
  return hash;
}

function longHash(value: bigint): number {
  const bits = BigInt.asUintN(64, value);
  return Number(BigInt.asIntN(32, bits ^ (bits >> 32n)));
}

function numberHash(schema: Schema | null, value: number): number {
  if (schema?.name === CONNECT_DATE) return longHash(BigInt(value) * BigInt(DAY_MS));
  if (schema?.name === CONNECT_TIME || schema?.name === CONNECT_TIMESTAMP) return longHash(BigInt(value));
  if (schema?.type === 'float') {
    const view = new DataView(new ArrayBuffer(4));
    view.setFloat32(0, value);
    return view.getInt32(0);
  }
  if (schema?.type === 'double' || !Number.isInteger(value)) {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value);
    return view.getInt32(0) ^ view.getInt32(4);
  }
  return schema === null ? longHash(BigInt(value)) : value | 0;
}

function bigIntegerHash(value: bigint): number {
  const magnitude = value < 0n ? -value : value;
  const hex = magnitude.toString(16);
  const padded = hex.padStart(Math.ceil(hex.length / 8) * 8, '0');
  let hash = 0;
  for (let at = 0; at < padded.length; at += 8) {
    hash = (Math.imul(31, hash) + Number.parseInt(padded.slice(at, at + 8), 16)) | 0;
  }
  return value < 0n ? -hash | 0 : hash;
}

/** As a ByteBuffer's: from its end. */
function bytesHash(bytes: Uint8Array): number {
  let hash = 1;
  for (let i = bytes.length - 1; i >= 0; i--) hash = (Math.imul(31, hash) + (((bytes[i] ?? 0) << 24) >> 24)) | 0;
  return hash;
}

function listHash(schema: Schema | null, items: readonly Value[]): number {
  let hash = 1;
  for (const item of items) {
    const own = item === null ? 0 : javaHash(schema?.valueSchema ?? null, item);
    hash = (Math.imul(31, hash) + own) | 0;
  }
  return hash;
}
