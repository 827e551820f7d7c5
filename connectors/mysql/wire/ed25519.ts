import { createHash } from 'node:crypto';

/* Ed25519 (RFC 8032) as MariaDB's client_ed25519 uses it: the secret is the hash of a password of any length. */

/** The field's prime, and the order of the base point. */
const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const D = mod(-121665n * inverse(121666n));
const BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202n;
const BASE_Y = 46316835694926478169428394003475163141307993866256225615783033603165251855960n;

/** Extended coordinates: x = X/Z, y = Y/Z, xy = T/Z. */
interface Point {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
  readonly t: bigint;
}

const BASE: Point = { x: BASE_X, y: BASE_Y, z: 1n, t: mod(BASE_X * BASE_Y) };
const ZERO: Point = { x: 0n, y: 1n, z: 1n, t: 0n };

/** Signature of a message, 64 bytes. */
export function signEd25519(password: Buffer, message: Buffer): Buffer {
  const expanded = sha512(password);
  const secret = Buffer.from(expanded.subarray(0, 32));
  secret[0] = (secret[0] as number) & 0xf8;
  secret[31] = ((secret[31] as number) & 0x3f) | 0x40;
  const scalar = fromLittleEndian(secret);
  const publicKey = encode(multiply(BASE, scalar));
  const nonce = fromLittleEndian(sha512(expanded.subarray(32), message)) % L;
  const commitment = encode(multiply(BASE, nonce));
  const challenge = fromLittleEndian(sha512(commitment, publicKey, message)) % L;
  return Buffer.concat([commitment, toLittleEndian((nonce + challenge * scalar) % L)]);
}

function multiply(point: Point, scalar: bigint): Point {
  let result = ZERO;
  let doubled = point;
  for (let rest = scalar; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = add(result, doubled);
    doubled = add(doubled, doubled);
  }
  return result;
}

/** The complete addition of RFC 8032, 5.1.4: for doubling too. */
function add(left: Point, right: Point): Point {
  const a = mod((left.y - left.x) * (right.y - right.x));
  const b = mod((left.y + left.x) * (right.y + right.x));
  const c = mod(2n * left.t * right.t * D);
  const d = mod(2n * left.z * right.z);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return { x: mod(e * f), y: mod(g * h), z: mod(f * g), t: mod(e * h) };
}

/** y, with the lowest bit of x above it. */
function encode({ x, y, z }: Point): Buffer {
  const inverted = inverse(z);
  return toLittleEndian(mod(y * inverted) | ((mod(x * inverted) & 1n) << 255n));
}

function mod(value: bigint): bigint {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

/** By Fermat. */
function inverse(value: bigint): bigint {
  let result = 1n;
  let base = mod(value);
  for (let power = P - 2n; power > 0n; power >>= 1n) {
    if ((power & 1n) === 1n) result = mod(result * base);
    base = mod(base * base);
  }
  return result;
}

function sha512(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function fromLittleEndian(bytes: Buffer): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

function toLittleEndian(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
}
