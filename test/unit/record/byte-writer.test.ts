import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteWriter, literal } from '../../../runtime/record/byte-writer.ts';

describe('the byte writer', () => {
  test('holds what was written, however it grew', () => {
    const part = fc.tuple(
      fc.constantFrom('copy', 'literal', 'utf8', 'byte', 'ascii' as const),
      fc.string({ unit: 'binary', maxLength: 200 }),
    );
    fc.assert(
      fc.property(fc.array(part), fc.integer({ min: 1, max: 64 }), (parts, capacity) => {
        const writer = new ByteWriter(capacity);
        const expected: Buffer[] = [];
        for (const [how, text] of parts) {
          const bytes = Buffer.from(text);
          if (how === 'copy') writer.copy(Buffer.concat([Buffer.from('__'), bytes]), 2, bytes.length);
          else if (how === 'literal') writer.literal(literal(bytes));
          else if (how === 'utf8') writer.utf8(text);
          else if (how === 'ascii') writer.ascii(bytes.toString('latin1'));
          else for (const byte of bytes) writer.byte(byte);
          expected.push(bytes);
        }
        expect(writer.view().equals(Buffer.concat(expected))).toBe(true);
      }),
    );
  });

  test('gives back the memory of one large value', () => {
    const writer = new ByteWriter(64);
    writer.copy(Buffer.alloc(20_000_000), 0, 20_000_000);
    expect(writer.bytes.length).toBeGreaterThan(20_000_000);
    writer.reset();
    expect(writer.bytes.length).toBeLessThanOrEqual(1 << 20);
    writer.ascii('after');
    expect(writer.view().toString()).toBe('after');
  });
});
