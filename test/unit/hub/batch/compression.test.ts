import { compressionsAlgorithms } from '../../../../node_modules/@platformatic/kafka/dist/protocol/compression.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lz4DecompressBlock } from '../../../../runtime/hub/batch/lz4-block.ts';
import { compress, decompress } from '../../../../runtime/hub/batch/compression.ts';
import { lz4Decompress } from '../../../../runtime/hub/batch/lz4-frame.ts';
import { xxhash32 } from '../../../../runtime/hub/batch/xxhash32.ts';

const CODECS = ['gzip', 'snappy', 'lz4', 'zstd'] as const;
const LIMIT = 1 << 24;

/** Bytes with and without repetition, over the size of a block. */
const data = fc.oneof(
  fc.uint8Array({ maxLength: 5000 }),
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 5000 })).map(([part, times]) => {
    return Buffer.concat(Array.from({ length: times }, () => part));
  }),
  fc.string({ unit: fc.constantFrom('a', 'b', '{"id":', ','), maxLength: 3000 }).map((text) => Buffer.from(text)),
);

describe.each(CODECS)('%s', (codec) => {
  test('gives back any bytes', () => {
    fc.assert(
      fc.property(data, (bytes) => {
        const packed = Buffer.from(compress(codec, Buffer.from(bytes)));
        expect(decompress(codec, packed, LIMIT).equals(bytes)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('agrees with another implementation in both directions', () => {
    const { compressSync, decompressSync } = compressionsAlgorithms[codec];
    fc.assert(
      fc.property(data, (bytes) => {
        // The peer cannot take no bytes at all once its WebAssembly memory has grown.
        fc.pre(bytes.length > 0);
        const ours = Buffer.from(compress(codec, Buffer.from(bytes)));
        expect(Buffer.from(decompressSync(ours)).equals(bytes)).toBe(true);
        const theirs = compressSync(Buffer.from(bytes));
        expect(decompress(codec, Buffer.from(theirs), LIMIT).equals(bytes)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('a missing end is corrupt', () => {
    const packed = Buffer.from(compress(codec, Buffer.from('some text, some text, some text'.repeat(50))));
    expect(() => decompress(codec, packed.subarray(0, packed.length - 6), LIMIT)).toThrow(
      expect.objectContaining({ code: 'BATCH_COMPRESSION', kind: 'corrupt' }),
    );
  });
});

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

/** A frame of stored blocks with all checksums; `linked` blocks need what came before them. */
function frame(
  flags: number,
  blocks: readonly { readonly bytes: Buffer; readonly stored: boolean }[],
  content: Buffer,
): Buffer {
  const descriptor = [Buffer.from([flags, 0x40]), ...(flags & 8 ? [uint32(content.length), uint32(0)] : [])];
  const head = Buffer.concat(descriptor);
  return Buffer.concat([
    uint32(0x184d2204),
    head,
    Buffer.from([(xxhash32(head) >>> 8) & 0xff]),
    ...blocks.flatMap(({ bytes, stored }) => [
      uint32(bytes.length | (stored ? 0x8000_0000 : 0)),
      bytes,
      ...(flags & 16 ? [uint32(xxhash32(bytes))] : []),
    ]),
    uint32(0),
    ...(flags & 4 ? [uint32(xxhash32(content))] : []),
  ]);
}

describe('lz4 frames', () => {
  test.each([
    ['', 0x02cc5d05],
    ['a', 0x550d7456],
    ['abc', 0x32d153ff],
    ['Nobody inspects the spammish repetition', 0xe2293b2f],
  ])('xxHash32 of %j', (text, hash) => {
    expect(xxhash32(Buffer.from(text))).toBe(hash);
  });

  const content = Buffer.from('abcdefghabcdefgh');
  // Token: no literals, match of 4 + 4 bytes, 8 back; then no literals at the end.
  const linked = [
    { bytes: Buffer.from('abcdefgh'), stored: true },
    { bytes: Buffer.from([0x04, 0x08, 0x00, 0x00]), stored: false },
  ];

  test('with linked blocks, block and content checksums and a content size are read', () => {
    expect(lz4Decompress(frame(0x40 | 16 | 8 | 4, linked, content), LIMIT).toString()).toBe(content.toString());
  });

  test('one after the other, and skippable ones, are read', () => {
    const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9]);
    const one = frame(0x60, linked.slice(0, 1), content);
    expect(lz4Decompress(Buffer.concat([one, skippable, one]), LIMIT).toString()).toBe('abcdefghabcdefgh');
  });

  test.each([
    ['block', 16, 20],
    ['content', 4, -1],
  ])('a wrong %s checksum is corrupt', (_, flag, at) => {
    const bytes = frame(0x40 | flag, linked, content);
    const index = at < 0 ? bytes.length + at : at;
    bytes[index] = (bytes[index] as number) ^ 1;
    expect(() => lz4Decompress(bytes, LIMIT)).toThrow(/checksum/);
  });

  test('a match before the start is corrupt', () => {
    const target = Buffer.alloc(100);
    expect(() => lz4DecompressBlock(Buffer.from([0x14, 0x61, 0x05, 0x00, 0x00]), 0, 5, target, 0)).toThrow(/damaged/);
  });
});
