import { constants, createHash, publicEncrypt } from 'node:crypto';

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

function hash(algorithm: string, ...parts: readonly Buffer[]): Buffer {
  const made = createHash(algorithm);
  for (const part of parts) made.update(part);
  return made.digest();
}

function xor(left: Buffer, right: Buffer): Buffer {
  return Buffer.from(left.map((byte, i) => byte ^ (right[i] ?? 0)));
}
