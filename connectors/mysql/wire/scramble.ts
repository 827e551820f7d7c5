import { constants, createHash, createPrivateKey, pbkdf2Sync, publicEncrypt, sign } from 'node:crypto';
import { signEd25519 } from './ed25519.ts';

/* Answers to the server's challenge, by authentication plug-in. */

/** `mysql_native_password`: SHA1(password) ⊕ SHA1(challenge · SHA1(SHA1(password))). */
export function nativePassword(password: string, challenge: Buffer): Buffer {
  if (password === '') return Buffer.alloc(0);
  const once = hash('sha1', Buffer.from(password, 'utf8'));
  return xor(once, hash('sha1', challenge, hash('sha1', once)));
}

/** `caching_sha2_password`, the short way: SHA256(password) ⊕ SHA256(SHA256(SHA256(password)) · challenge). */
export function cachingSha2(password: string, challenge: Buffer): Buffer {
  if (password === '') return Buffer.alloc(0);
  const once = hash('sha256', Buffer.from(password, 'utf8'));
  return xor(once, hash('sha256', hash('sha256', once), challenge));
}

/** The password for the server's eyes only, where the transport is not encrypted. `publicKey`: PEM. */
export function encryptedPassword(password: string, challenge: Buffer, publicKey: string): Buffer {
  const clear = Buffer.from(`${password}\0`, 'utf8');
  const masked = Buffer.from(clear.map((byte, i) => byte ^ (challenge[i % challenge.length] ?? 0)));
  return publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING }, masked);
}

/** MariaDB's `client_ed25519`: the challenge, signed by the password. */
export function ed25519(password: string, challenge: Buffer): Buffer {
  return signEd25519(Buffer.from(password, 'utf8'), challenge);
}

/** PKCS #8 of an Ed25519 key, before its 32 bytes. */
const KEY_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const PBKDF2 = 0x50;
/** 1024 ≪ 3: what a server may ask for. */
const MAX_FACTOR = 3;

/**
 * MariaDB's `parsec`, once the server has said how the key is derived (`'P' factor:u8 salt`): our own nonce, and the
 * signature of both. undefined: the server asks for what is not known.
 */
export function parsec(password: string, challenge: Buffer, derivation: Buffer, nonce: Buffer): Buffer | undefined {
  const [algorithm, factor = MAX_FACTOR + 1] = derivation;
  if (algorithm !== PBKDF2 || factor > MAX_FACTOR) return undefined;
  const secret = pbkdf2Sync(password, derivation.subarray(2), 1024 << factor, 32, 'sha512');
  const key = createPrivateKey({ key: Buffer.concat([KEY_HEAD, secret]), format: 'der', type: 'pkcs8' });
  return Buffer.concat([nonce, sign(null, Buffer.concat([challenge, nonce]), key)]);
}

function hash(algorithm: string, ...parts: readonly Buffer[]): Buffer {
  const made = createHash(algorithm);
  for (const part of parts) made.update(part);
  return made.digest();
}

function xor(left: Buffer, right: Buffer): Buffer {
  return Buffer.from(left.map((byte, i) => byte ^ (right[i] ?? 0)));
}
