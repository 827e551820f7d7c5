import { createPrivateKey, sign } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signEd25519 } from '../../../../../connectors/mysql/wire/ed25519.ts';

/** PKCS #8 of an Ed25519 key, before its 32 bytes. */
const HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

test('signs as an independent implementation does, where the secret has its length', () => {
  const bytes = (size: { minLength: number; maxLength: number }) => fc.uint8Array(size);
  fc.assert(
    fc.property(bytes({ minLength: 32, maxLength: 32 }), bytes({ minLength: 0, maxLength: 80 }), (secret, message) => {
      const key = createPrivateKey({ key: Buffer.concat([HEAD, secret]), format: 'der', type: 'pkcs8' });
      const expected = sign(null, message, key).toString('hex');
      expect(signEd25519(Buffer.from(secret), Buffer.from(message)).toString('hex')).toBe(expected);
    }),
    { numRuns: 20 },
  );
});

test('signs for passwords of other lengths, each by another key', () => {
  const message = Buffer.alloc(32, 7);
  const made = ['', 'a', 'secret', 'é'.repeat(100)].map((password) =>
    signEd25519(Buffer.from(password), message).toString('hex'),
  );
  expect(new Set(made).size).toBe(4);
});
