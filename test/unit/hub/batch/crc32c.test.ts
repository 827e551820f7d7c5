import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32c, crc32cTable } from '../../../../runtime/hub/batch/crc32c.ts';

describe('CRC-32C', () => {
  // RFC 3720, appendix B.4.
  test.each([
    ['32 bytes of zeros', Buffer.alloc(32), 0x8a9136aa],
    ['32 bytes of ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
    ['32 incrementing bytes', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
    ['the check value', Buffer.from('123456789'), 0xe3069283],
  ])('of %s', (_, bytes, crc) => {
    expect(crc32c(bytes)).toBe(crc);
    expect(crc32cTable(bytes, 0, bytes.length)).toBe(crc);
  });

  test('the native binding and the table agree', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1024, max: 3000 }), fc.nat(1000), fc.nat(), (size, at, seed) => {
        const bytes = new Uint8Array(size).map((_, i) => Math.imul(i + seed, 0x9e3779b1) >>> 24);
        expect(crc32c(bytes, at)).toBe(crc32cTable(bytes, at, bytes.length));
      }),
      { numRuns: 50 },
    );
  });
});
