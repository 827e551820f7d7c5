/**
 * The upper half of Austin Appleby's MurmurHash3 (an early x64 form with changing constants, as
 * Debezium has it), seed 9001: 32 bits, signed. Bytes count as signed.
 */
export function murmur3(bytes: Uint8Array): number {
  const state: State = {
    h1: 0x9368e53c2f6af274n ^ SEED,
    h2: 0x586dcd208f7cd3fdn ^ SEED,
    c1: 0x87c37b91114253d5n,
    c2: 0x4cf5ad432745937fn,
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const whole = bytes.length - (bytes.length % 16);
  for (let at = 0; at < whole; at += 16) mix(state, view.getBigUint64(at, true), view.getBigUint64(at + 8, true));
  if (whole < bytes.length) mix(state, tail(view, whole, 8), tail(view, whole + 8, 8));
  const h2 = state.h2 ^ BigInt(bytes.length);
  const first = u64(state.h1 + h2);
  const second = u64(h2 + first);
  const mixed = u64(finish(first) + finish(second));
  return Number(BigInt.asIntN(32, mixed >> 32n));
}

/** Of a text's UTF-8; half a surrogate pair counts as `?`. */
export function murmur3Text(text: string): number {
  return murmur3(Buffer.from(text.isWellFormed() ? text : text.replaceAll(/\p{Surrogate}/gu, '?')));
}

/** Of a 32-bit number's bytes, the lowest first. */
export function murmur3Int(value: number): number {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return murmur3(bytes);
}

interface State {
  h1: bigint;
  h2: bigint;
  c1: bigint;
  c2: bigint;
}

const SEED = 9001n;

function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

function rotate(value: bigint, bits: bigint): bigint {
  return u64(value << bits) | (value >> (64n - bits));
}

function mix(state: State, k1: bigint, k2: bigint): void {
  const { c1, c2 } = state;
  state.h1 = u64((state.h1 ^ u64(rotate(u64(k1 * c1), 23n) * c2)) + state.h2);
  state.h2 = rotate(state.h2, 41n);
  state.h2 = u64((state.h2 ^ u64(rotate(u64(k2 * c2), 23n) * c1)) + state.h1);
  state.h1 = u64(state.h1 * 3n + 0x52dce729n);
  state.h2 = u64(state.h2 * 3n + 0x38495ab5n);
  state.c1 = u64(c1 * 5n + 0x7b7d159cn);
  state.c2 = u64(c2 * 5n + 0x6bce6396n);
}

/** Up to `most` bytes as one number, each sign-extended before it is laid over the others. */
function tail(view: DataView, start: number, most: number): bigint {
  let bits = 0n;
  for (let i = 0; i < most && start + i < view.byteLength; i++) {
    bits ^= u64(BigInt(view.getInt8(start + i)) << BigInt(8 * i));
  }
  return bits;
}

function finish(value: bigint): bigint {
  let bits = value ^ (value >> 33n);
  bits = u64(bits * 0xff51afd7ed558ccdn);
  bits ^= bits >> 33n;
  bits = u64(bits * 0xc4ceb9fe1a85ec53n);
  return bits ^ (bits >> 33n);
}
