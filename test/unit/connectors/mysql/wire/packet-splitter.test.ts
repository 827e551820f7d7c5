import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PacketSplitter } from '../../../../../connectors/mysql/wire/packet-splitter.ts';

function framed(payload: Buffer, sequence = 0): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  let number = sequence;
  for (;;) {
    const part = payload.subarray(at, at + 0xff_ffff);
    const head = Buffer.alloc(4);
    head.writeUIntLE(part.length, 0, 3);
    head[3] = number++ & 0xff;
    parts.push(head, part);
    at += part.length;
    if (part.length < 0xff_ffff) return Buffer.concat(parts);
  }
}

function packets(splitter: PacketSplitter): Buffer[] {
  const found: Buffer[] = [];
  while (splitter.next()) found.push(Buffer.from(splitter.bytes.subarray(splitter.at, splitter.end)));
  return found;
}

test('cuts packets however the bytes come', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1 }),
      (payloads, sizes) => {
        const bytes = Buffer.concat(payloads.map((payload) => framed(Buffer.from(payload))));
        const splitter = new PacketSplitter();
        const found: Buffer[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          splitter.feed(Buffer.from(bytes.subarray(at, at + size)));
          found.push(...packets(splitter));
          at += size;
        }
        expect(found.map((one) => one.toString('hex'))).toEqual(
          payloads.map((one) => Buffer.from(one).toString('hex')),
        );
        expect(splitter.left).toBe(0);
      },
    ),
  );
});

test.each([0xff_ffff - 1, 0xff_ffff, 0xff_ffff + 5, 2 * 0xff_ffff])(
  'joins the frames of a packet of %i bytes',
  (size) => {
    const payload = Buffer.alloc(size, 7);
    payload[size - 1] = 9;
    const bytes = Buffer.concat([framed(payload, 3), framed(Buffer.from('next'))]);
    const splitter = new PacketSplitter();
    const found: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += 1 << 20) {
      splitter.feed(Buffer.from(bytes.subarray(at, at + (1 << 20))));
      found.push(...packets(splitter));
    }
    expect(found.length).toBe(2);
    expect(found[0]?.equals(payload)).toBe(true);
    expect(found[1]?.toString()).toBe('next');
  },
);
