import { describe, expect, test } from 'vitest';
import { murmur2, murmur2Partition } from '../../../runtime/hub/partitioner.ts';

describe('murmur2 partitioner', () => {
  // The vectors of Kafka's own UtilsTest.
  test.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('hashes %s as the Java client does', (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash);
    expect(murmur2(Buffer.from(`xx${text}yy`), 2, text.length)).toBe(hash);
  });

  test('a key stays within the partitions', () => {
    for (let i = 0; i < 1000; i++) {
      const partition = murmur2Partition(Buffer.from(`key ${i}`), 7);
      expect(partition).toBeGreaterThanOrEqual(0);
      expect(partition).toBeLessThan(7);
    }
  });
});
